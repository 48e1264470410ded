"""The `miroir` command, one module a group of commands."""
