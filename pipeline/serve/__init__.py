"""`miroir serve`: the current release over HTTP, for programs and for people. Read only."""
