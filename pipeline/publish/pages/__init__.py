"""What people look at: figures in words, charts and pages, for the dashboard, the report and the digests."""
