"""`caption`."""
