"""`classify`, `tag`."""
