"""`compose`, `handwrite`."""
