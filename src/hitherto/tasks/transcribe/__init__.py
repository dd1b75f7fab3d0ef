"""`transcribe`."""
