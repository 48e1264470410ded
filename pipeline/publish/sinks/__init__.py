"""Where else a release goes: files, PostgreSQL, DuckDB, Delta. Each shows the old release or the new one."""
