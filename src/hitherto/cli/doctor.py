"""`doctor`: what is installed and which kernels run, and whether the promises hold."""

import json
import os
import platform
from collections.abc import Sequence
from typing import Any, TypeAlias

import click

from hitherto import __version__
from hitherto.cli.options import Verb, json_option

__all__ = ["column", "doctor"]

Report: TypeAlias = dict[str, Any]  # as JSON has it

# Distribution -> its module: required packages, then those of the extras.
PACKAGES = {
    **{name: name for name in ("numpy", "safetensors", "msgspec", "click", "torch", "soundfile")},
    "pillow": "PIL",
    "av": "av",
}


@click.command(cls=Verb, short_help="Print what is installed; check the promises.")
@json_option
def doctor(as_json: bool) -> int:
    """Print what is installed and which kernels run here, and check the promises on this machine.

    This takes seconds. The exit status is 1 if a promise does not hold.

    Example: hitherto doctor --json
    """
    report = examine()
    click.echo(json.dumps(report, indent=2) if as_json else render(report))
    return 0 if all(promise["ok"] for promise in report["promises"]) else 1


def examine() -> Report:
    """The report of `doctor`, as JSON has it; `notes` says why a part is empty."""
    notes: list[str] = []
    packages = package_versions()
    threads: int | None = None
    paths: dict[str, str] = {}
    promises: list[Report] = []
    # Layers first: once torch is loaded the kernels use its threads, as in training.
    if packages["torch"]:
        threads, paths, promises = layer_threads(), layer_paths(), check_promises()
    else:
        notes.append(
            "torch is not installed, so layers and promises were not checked. "
            "Install it with: pip install 'hitherto[train]'"
        )
    native, reason = native_info()
    if reason:
        notes.append(reason)
    return {
        "hitherto": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": available_cpus(),
        "packages": packages,
        "native": native,
        "runtime": "numpy" if native is None or reason else "compiled",
        "threads": threads,
        "paths": paths,
        "promises": promises,
        "notes": notes,
    }


def package_versions() -> dict[str, str | None]:
    """The installed version of each package in PACKAGES, or None; imports none of them."""
    from importlib.metadata import version
    from importlib.util import find_spec

    return {name: version(name) if find_spec(module) else None for name, module in PACKAGES.items()}


def available_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def native_info() -> tuple[Report | None, str | None]:
    """`info()` of the extension, or None; and the reason if it is missing or unused."""
    from hitherto import native

    extension, missing = native.load()
    if extension is None:
        return None, f"{missing}: layers run through the slower reference, and trained models in numpy"
    return extension.info(), f"{native.why_not()}: the extension is not used" if native.pure() else None


def layer_threads() -> int:
    """The number of threads of a layer, which is torch's."""
    import torch

    return torch.get_num_threads()


def layer_paths() -> dict[str, str]:
    """Kind of layer -> the path that it takes here, and why."""
    import torch

    import hitherto

    x = torch.zeros(2, 1, 8)  # [T, B, I]
    layers = {
        "RNN tanh": hitherto.RNN(8, 8),
        "RNN relu": hitherto.RNN(8, 8, nonlinearity="relu"),
        "LSTM": hitherto.LSTM(8, 8),
        "GRU reset after": hitherto.GRU(8, 8),
        "GRU reset before": hitherto.GRU(8, 8, reset="before"),
    }
    return {name: hitherto.explain_path(layer, x) for name, layer in layers.items()}


def check_promises() -> list[Report]:
    """Each promise of each cell, checked on this machine."""
    from hitherto.cells import CELLS
    from hitherto.checks import check_cell

    return [
        {"cell": cell, "promise": promise, "ok": ok, "detail": detail}
        for cell in CELLS
        for promise, ok, detail in check_cell(cell, quick=True)
    ]


def render(report: Report) -> str:
    """The report of `doctor` as text."""
    packages = [f"{name} {version or 'not installed'}" for name, version in report["packages"].items()]
    lines = [
        *column("hitherto", [report["hitherto"]]),
        *column("python", [f"{report['python']}, {report['platform']}, {report['cpus']} CPUs"]),
        *column("packages", [", ".join(packages)]),
        *column("kernels", describe_kernels(report["native"], report["threads"])),
        *column("runtime", [report["runtime"]]),
        *column("paths", [f"{layer}: {path}" for layer, path in report["paths"].items()]),
        *column("promises", [describe_promise(promise) for promise in report["promises"]]),
        *column("notes", report["notes"]),
    ]
    return "\n".join(lines)


def column(title: str, entries: Sequence[str]) -> list[str]:
    """One entry per line, the first beside `title`."""
    return [f"{'' if row else title:10}{entry}" for row, entry in enumerate(entries)]


def describe_kernels(native: Report | None, threads: int | None) -> list[str]:
    if native is None:
        return ["none: the reference in Python runs"]
    return [
        f"{native['isa']}; usable here: {', '.join(native['isas'])}",
        *([f"{threads} threads, of the {native['pool']} pool"] if threads else []),
        f"built by {native['compiler']}",
    ]


def describe_promise(promise: Report) -> str:
    line = f"{'holds' if promise['ok'] else 'FAILS'}  {promise['cell']:5} {promise['promise']}"
    return line if promise["ok"] else f"{line}: {promise['detail']}"
