"""`translate`, `summarize`, `chat`, `answer`."""
