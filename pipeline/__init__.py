"""The library: everything that is done to verbatims, one module or sub-package a step."""
