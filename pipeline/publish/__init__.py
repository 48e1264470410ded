"""Releases: immutable tables, a manifest, a pointer moved last."""
