"""The fast engine: hashed words and characters, scored straight from Arrow's bytes."""
