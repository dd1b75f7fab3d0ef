"""Seeds for `fuzz_steps`: python fuzz/native/step_seeds.py FOLDER.

Every operation stands first in some; any bytes may follow it.
"""

import random
import sys
from pathlib import Path

OPS, CELLS, FLAGS = 15, 5, 32  # as in native/kernels.h, and as many as fuzz/native/steps.cpp reads
PLAIN = 240  # a byte from here on is a twist


def main(folder: Path) -> None:
    """Write them; the same ones each time."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)
    for op in range(OPS):
        for cell in range(CELLS):
            for number in range(4):
                flags, size, more = rng.randrange(FLAGS), rng.randrange(40), rng.randrange(20)
                first = [number, rng.randrange(30), op, cell, rng.randrange(3), flags, size, more, 0]
                rest = [rng.randrange(PLAIN if number < 3 else 256) for _ in range(60 * (number + 1))]
                (folder / f"{op}-{cell}-{number}").write_bytes(bytes(first + rest))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
