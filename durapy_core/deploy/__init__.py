"""Running replicas of services: the port to what runs them, and the local supervisor."""
