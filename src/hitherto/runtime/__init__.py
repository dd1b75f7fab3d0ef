"""Running a trained model without torch: numpy and the extension only."""
