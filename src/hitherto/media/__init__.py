"""Files of sound, pictures, pen strokes and notes: in and out, without a codec."""
