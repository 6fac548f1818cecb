"""HTTP handlers of the JSON interface, one module for each part of the service."""
