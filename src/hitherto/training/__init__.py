"""Training: one visible loop, and checkpoints from which a killed run continues."""
