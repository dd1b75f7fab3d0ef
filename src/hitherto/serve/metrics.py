"""Counts and times of a server, as Prometheus reads them.

Several workers write their figures to files of one folder, and whoever is asked adds them up.
"""

import bisect
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hitherto import files
from hitherto.errors import HithertoError

__all__ = ["Metrics"]

EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds

Labels = tuple[str, ...]  # the values of a metric's labels
ABOUT = {
    "hitherto_requests_total": (
        "counter",
        "Requests by route, model and status.",
        ("route", "model", "status"),
    ),
    "hitherto_request_seconds": ("histogram", "Time of a request by route and model.", ("route", "model")),
    "hitherto_pushes_total": ("counter", "Pushes that were taken and kept.", ()),
    "hitherto_inputs_total": ("counter", "Inputs that were taken and kept.", ()),
    "hitherto_repeated_total": ("counter", "Pushes that came again and were answered again.", ()),
    "hitherto_refused_total": ("counter", "Pushes that were refused.", ()),
    "hitherto_lost_total": (
        "counter",
        "Pushes stepped by a worker that had lost the session, and stepped again.",
        (),
    ),
    "hitherto_rounds_total": ("counter", "Rounds: pushes that are kept together.", ()),
    "hitherto_sessions_live": ("gauge", "Sessions in the memory of workers.", ()),
    "hitherto_pushes_waiting": ("gauge", "Pushes that wait or are being taken.", ()),
    "hitherto_sessions_kept": ("gauge", "Sessions in the store.", ()),
    "hitherto_sockets_open": ("gauge", "Open WebSockets.", ()),
}


class Metrics:
    """Figures of one worker."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.counts: dict[str, dict[Labels, float]] = {}
        self.times: dict[Labels, list[float]] = {}  # in each bucket, then their sum

    def add(self, name: str, labels: Labels = (), count: float = 1) -> None:
        of_name = self.counts.setdefault(name, {})
        of_name[labels] = of_name.get(labels, 0) + count

    def set(self, name: str, value: float, labels: Labels = ()) -> None:
        self.counts.setdefault(name, {})[labels] = value

    def observe(self, labels: Labels, seconds: float) -> None:
        """A request of this route and model."""
        row = self.times.setdefault(labels, [0.0] * (len(EDGES) + 2))
        row[bisect.bisect_left(EDGES, seconds)] += 1
        row[-1] += seconds

    def write(self) -> None:
        """Tell the other workers."""
        if self.folder is not None:
            with contextlib.suppress(HithertoError):  # figures are not worth an error
                files.write(self.folder / f"{os.getpid()}.figures", msgspec.msgpack.encode(self._packed()))

    def _packed(self) -> tuple[object, object]:
        counts = [
            (name, [*labels], value) for name, rows in self.counts.items() for labels, value in rows.items()
        ]
        return counts, [([*labels], row) for labels, row in self.times.items()]

    def _others(self) -> Iterator["Metrics"]:
        decoder = msgspec.msgpack.Decoder(
            tuple[list[tuple[str, list[str], float]], list[tuple[list[str], list[float]]]]
        )
        for path in self.folder.glob("*.figures") if self.folder is not None else ():
            if path.stem == str(os.getpid()):
                continue
            other = Metrics()
            with contextlib.suppress(OSError, msgspec.DecodeError):
                counts, times = decoder.decode(path.read_bytes())
                for name, labels, value in counts:
                    other.set(name, value, tuple(labels))
                other.times = {tuple(labels): row for labels, row in times}
            yield other

    def text(self, kept: int = 0) -> str:
        """All workers' figures, in the text format of Prometheus; `kept` is how many sessions the store has."""
        counts = {name: dict(rows) for name, rows in self.counts.items()}
        counts["hitherto_sessions_kept"] = {(): kept}
        times = {labels: list(row) for labels, row in self.times.items()}
        for other in self._others():
            for name, rows in other.counts.items():
                of_name = counts.setdefault(name, {})
                for labels, value in rows.items():
                    of_name[labels] = of_name.get(labels, 0) + value
            for labels, row in other.times.items():
                times[labels] = [
                    a + b for a, b in zip(times.get(labels, [0.0] * len(row)), row, strict=False)
                ]
        lines = []
        for name, (kind, about, labels) in ABOUT.items():
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
            if kind == "histogram":
                for values, row in sorted(times.items()):
                    total = 0.0
                    for edge, count in zip([*map(str, EDGES), "+Inf"], row, strict=False):
                        total += count
                        lines.append(f"{name}_bucket{_said((*labels, 'le'), (*values, edge))} {total:g}")
                    lines += [f"{name}_sum{_said(labels, values)} {row[-1]:.9g}"]
                    lines += [f"{name}_count{_said(labels, values)} {total:g}"]
            else:
                lines += [
                    f"{name}{_said(labels, v)} {value:g}" for v, value in sorted(counts.get(name, {}).items())
                ]
        return "\n".join(lines) + "\n"


def _said(names: Labels, values: Labels) -> str:
    """Labels as the format has them."""
    escaped = [value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for value in values]
    pairs = ",".join(f'{name}="{value}"' for name, value in zip(names, escaped, strict=True))
    return f"{{{pairs}}}" if pairs else ""
