"""`forecast`."""
