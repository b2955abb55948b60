"""The JSON API under /api/v1: one file a resource, each with its part of the OpenAPI document."""
