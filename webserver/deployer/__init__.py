"""The console's privileged half: the one process that may talk to Docker. It has no port."""
