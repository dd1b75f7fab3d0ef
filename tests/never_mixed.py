"""The long form of the test that no session is ever mixed with another: `python tests/never_mixed.py OUT.jsonl`.

It runs in portions of a hundred sessions, each with its own seed, over memory or SQLite in turn, until all pushes are
done. Each portion that held is a row of the file: its seed, what was pushed, and what happened meanwhile. Started again
with the same file it goes on where it ended. A session that says anything but what its stream says alone ends it with
an error, which has the seed.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import test_serve_mixed as mixed

from hitherto.serve.models import Models, named
from hitherto.serve.store import Memory, Store, store_of

CHEAP = ("lm", "classify", "tag", "lm-chars")
NAMES = (
    *CHEAP * 11,
    *(name for name in mixed.NAMES if name not in CHEAP),
)  # of a hundred sessions, a few take long
SESSIONS, PUSHES = 100, 200


def portion(models: Models, seed: int, folder: Path) -> dict[str, Any]:
    """One portion: what it was and what happened."""
    kind = ("memory", "sqlite")[seed % 2]
    stores: list[Store] = (
        [Memory()] * 2
        if kind == "memory"
        else [store_of(f"sqlite://{folder / f'{seed}.db'}") for _ in range(2)]
    )
    begun = time.monotonic()
    world = asyncio.run(mixed.run(models, stores, seed, SESSIONS, int(1.6 * PUSHES), SESSIONS, NAMES))
    counts = [*(worker.counts for worker in world.workers), *world.gone]
    for path in folder.glob(f"{seed}.db*"):
        path.unlink()
    return {
        "seed": seed, "store": kind, "sessions": SESSIONS, "forks": world.forks, "pushes": world.pushes,
        "stepped": sum(one.pushes for one in counts), "repeated": sum(one.repeated for one in counts),
        "lost_and_stepped_again": sum(one.lost for one in counts), "crashes": len(world.gone),
        "seconds": round(time.monotonic() - begun, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--pushes", type=int, default=2_000_000)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    done, seed = sum(row["pushes"] for row in rows), 1 + max((row["seed"] for row in rows), default=0)
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    models = Models(named(f"{name}={mixed.GOLDEN / name}.safetensors" for name in set(NAMES)))
    with tempfile.TemporaryDirectory() as folder, given.out.open("a") as out:
        while done < given.pushes:
            row = {**portion(models, seed, Path(folder)), "commit": commit}
            print(json.dumps(row), file=out, flush=True)
            done, seed = done + row["pushes"], seed + 1
            print(f"{done:,} of {given.pushes:,} pushes", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
