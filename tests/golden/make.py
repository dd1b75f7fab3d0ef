"""Make the bundles of this folder: one of every task and form, tiny, with weights drawn from a fixed seed.

    python tests/golden/make.py

Run it for a new form only: what stands here must keep opening, to the same bits.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "fuzz"))

from seeds import FORMS, bundle_of  # noqa: E402

LARGE = {"translate subwords", "lm bytes"}  # their vocabularies take most of the room

for name in FORMS:
    if name not in LARGE and not (HERE / f"{name.replace(' ', '-')}.safetensors").exists():
        print(bundle_of(name, HERE))
