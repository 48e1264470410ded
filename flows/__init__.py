"""Prefect flows: thin tasks, each one call into `pipeline` or `models`."""
