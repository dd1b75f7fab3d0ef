"""Running experiments: one after the other, each kept when it is done, and the page made anew with what there is."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

import hitherto
from hitherto import files
from hitherto.errors import UsageError, nearest
from hitherto.lab.result import Lab, Result
from hitherto.lab.table import EXPERIMENTS
from hitherto.report.curves import Section
from hitherto.report.page import document

__all__ = ["Done", "page", "run"]


class Done(msgspec.Struct, frozen=True):
    """An experiment that was run."""

    name: str
    seeds: int
    seconds: float  # on the clock
    processor: float  # seconds of the processor, which other programs do not lengthen
    version: str
    result: Result


def run(
    out: str | Path = "lab.html",
    *,
    only: Sequence[str] = (),
    seeds: int = 3,
    say: Callable[[str], None] = lambda _line: None,
) -> list[Done]:
    """Run the experiments, or `only` some, and write the page. One that is done, with as many seeds, is not run again.

    Results stand in a folder beside the page, a file each. The page is written anew after every experiment.
    """
    for name in only:
        if name not in EXPERIMENTS:
            raise UsageError(
                f"there is no experiment {name!r}; there are {', '.join(EXPERIMENTS)}.{nearest(name, EXPERIMENTS)}"
            )
    if seeds < 1:
        raise UsageError(f"seeds must be 1 or more, but is {seeds}.")
    out = Path(out)
    files.place(out, "out")
    folder = out.with_suffix(".run")
    files.make_folder(folder)
    names = list(only) or list(EXPERIMENTS)
    for number, name in enumerate(names, 1):
        before = _read(folder / f"{name}.json")
        if before is not None and before.seeds == seeds:
            say(f"{number} of {len(names)}: {name} is done already ({folder / f'{name}.json'})")
            continue
        say(f"{number} of {len(names)}: {name}: {EXPERIMENTS[name].about}")
        begun, used = time.monotonic(), time.process_time()
        result = EXPERIMENTS[name].run(Lab(name, range(seeds), say, folder / f"{name}.parts.json"))
        done = Done(
            name, seeds, time.monotonic() - begun, time.process_time() - used, hitherto.__version__, result
        )
        files.write(folder / f"{name}.json", _ENCODER.encode(done))
        files.write(out, page(_all(folder)))
        say(f"{name} took {done.seconds:.0f} seconds, {done.processor:.0f} of the processor")
    files.write(out, page(_all(folder)))
    return [done for done in _all(folder) if done.name in names]


_ENCODER = msgspec.json.Encoder(enc_hook=lambda array: array.tolist())  # sections may hold arrays


def _read(path: Path) -> Done | None:
    """What is kept of an experiment; None where there is nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Done)
    except (OSError, msgspec.MsgspecError):
        return None


def _all(folder: Path) -> list[Done]:
    known = (_read(folder / f"{name}.json") for name in EXPERIMENTS)
    return [done for done in known if done is not None]


def page(all_done: Sequence[Done]) -> str:
    """The page of these experiments: first all claims, then each experiment."""
    sections: list[Section] = [said_and_measured(all_done)]
    for done in all_done:
        first, *rest = done.result.sections
        heading = EXPERIMENTS[done.name].about
        note = f"{heading}. {first.get('note', '')}"
        sections += [{**first, "note": note}, *rest]
    counts = [claim.holds for done in all_done for claim in done.result.claims]
    summary = [(name, counts.count(name)) for name in dict.fromkeys(sorted(counts, key=ORDER.index))]
    took = sum(done.processor for done in all_done) / 60
    return document(
        "What textbooks say of recurrent networks, and what was measured",
        [("claims", len(counts)), *summary, ("seeds", max((d.seeds for d in all_done), default=0)), ("minutes", took)],
        sections,
        ["`hitherto lab` made this page; minutes are those of one processor; each experiment is a function"],
    )  # fmt: skip


ORDER = ["holds", "holds in part", "does not hold"]


def said_and_measured(all_done: Sequence[Done]) -> Section:
    """The table of all claims."""
    rows = [
        [claim.said, claim.measured, claim.holds, done.name]
        for done in all_done
        for claim in done.result.claims
    ]
    return {
        "kind": "table", "title": "Said, measured", "rows": rows, "columns": ["said", "measured", "", "experiment"],
    }  # fmt: skip


def rows_of(all_done: Sequence[Done]) -> list[dict[str, object]]:
    """The same for programs, with the numbers of each experiment."""
    return [
        {
            **{name: value for name, value in msgspec.structs.asdict(done).items() if name != "result"},
            "claims": [asdict(claim) for claim in done.result.claims],
            "numbers": done.result.numbers,
        }
        for done in all_done
    ]
