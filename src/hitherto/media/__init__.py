"""Files of sound, pictures, videos, pen strokes and notes: in and out, without a codec."""

__all__ = ["ENDINGS", "MUSIC", "PICTURES", "SOUND", "VIDEOS"]

# How the names of such files end. Pen strokes come as JSON, SVG or text, so their names say nothing.
SOUND = (".wav", ".flac", ".ogg", ".mp3")
PICTURES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"),
    *(".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm"),
)
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
MUSIC = (".mid", ".midi")
ENDINGS = frozenset((*SOUND, *PICTURES, *VIDEOS, *MUSIC))
