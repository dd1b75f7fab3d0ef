"""What every test shares: hypothesis draws the same examples in every run, and none fails for being slow."""

from hypothesis import settings

settings.register_profile("hitherto", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("hitherto")
