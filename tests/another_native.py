"""A plugin of pytest: the extension that HITHERTO_NATIVE names takes the place of the installed one.

PYTHONPATH=tests python -m pytest -p another_native; one with sanitizers is tested so (`make sanitize`).
"""

import importlib.util
import os
import sys

spec = importlib.util.spec_from_file_location("hitherto._native", os.environ["HITHERTO_NATIVE"])
if spec is None or spec.loader is None:
    raise ImportError(f"HITHERTO_NATIVE names no extension: {os.environ['HITHERTO_NATIVE']}")
sys.modules["hitherto._native"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["hitherto._native"])
