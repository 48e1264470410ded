"""The desk's pages: the only place that knows FastAPI."""
