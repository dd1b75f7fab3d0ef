"""Training: one visible loop, and what a killed run goes on from."""
