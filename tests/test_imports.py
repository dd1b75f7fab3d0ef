"""The import rules: one direction, no torch where none is needed, nothing that runs code from a file."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import hitherto

PACKAGE = Path(hitherto.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
HOME = {**vars(hitherto)["_HOME"], "__version__": "hitherto"}  # where each name of the facade lives

# Layer -> what it may import beside itself. A layer is a package or a module of `hitherto`; each has a row here.
# `facade` is the package itself, whose names come from everywhere; `_native` is the extension.
MAY_IMPORT: dict[str, set[str]] = {
    # base: numpy only
    "errors": set(),
    "arrays": set(),
    "native": {"errors", "_native"},
    "progress": set(),
    "files": {"errors"},
    "tensors": {"errors", "arrays", "files"},
    "bounds": {"errors"},
    "slots": {"errors", "arrays"},
    "times": {"errors", "arrays"},
    "cells": {"errors"},
    "metrics": {"errors", "arrays"},
    "baselines": {"arrays"},
    "heads": {"errors", "bounds", "slots"},
    "spec": {"errors", "cells"},
    "data": {"errors", "arrays", "files", "progress", "times", "media"},
    "media": {"errors", "arrays", "files"},
    "codecs": {"errors", "arrays", "bounds", "slots", "progress", "times", "data", "media"},
    "plan": {"errors", "arrays", "bounds", "cells", "heads", "spec"},
    "decode": {"errors", "arrays", "slots", "heads"},
    "bundle": {"errors", "arrays", "bounds", "files", "tensors", "codecs"},
    "report": {"errors", "arrays", "bounds", "files", "media", "codecs"},
    # no torch, no task
    "runtime": {"errors", "arrays", "native", "cells", "heads", "plan", "decode", "_native"},
    # no torch
    "tasks": {
        *("errors", "arrays", "slots", "progress", "times", "tensors", "metrics", "heads", "spec", "data", "codecs"),
        *("plan", "decode", "report", "runtime", "baselines"),
    },
    "inspect": {"errors", "arrays", "native", "cells", "heads", "plan", "report", "runtime", "tasks"},
    "trained": {
        *("errors", "arrays", "spec", "data", "codecs", "plan", "decode", "bundle", "runtime", "tasks"),
        "inspect",
    },
    # torch
    "model": {"errors", "arrays", "native", "cells", "heads", "plan", "_native"},
    "training": {
        *("errors", "progress", "files", "tensors", "metrics", "heads", "spec", "plan", "decode", "bundle", "report"),
        *("tasks", "trained", "model", "arrays", "runtime", "codecs", "facade", "native", "inspect"),
    },
    # on top
    "lab": {"errors", "arrays", "progress", "files", "report", "inspect", "model", "facade"},
    "checks": {
        *("errors", "arrays", "cells", "data", "codecs", "heads", "plan", "runtime", "tasks", "trained", "model"),
        "facade",
    },
    "client": {"errors", "tasks"},
    "connect": {"errors", "arrays", "data", "runtime", "tasks", "trained", "facade"},
    "serve": {"errors", "files", "media", "codecs", "plan", "tasks", "trained", "facade"},
    "studio": {
        *("errors", "arrays", "tensors", "heads", "codecs", "data", "times", "plan", "runtime", "tasks"),
        *("trained", "inspect", "serve", "facade"),
    },
    "cli": {
        *("errors", "progress", "files", "cells", "spec", "data", "media", "codecs", "decode", "report", "tasks"),
        *("trained", "training", "checks", "serve", "connect", "facade", "native", "inspect", "lab", "studio"),
    },
    "__main__": {"cli"},
}  # fmt: skip
TORCH = {"model", "training", "lab"}
NO_TORCH = {"hitherto.training", "hitherto.training.run", "hitherto.training.checkpoint"}  # of these layers
INSTALLED = {"numpy", "safetensors", "msgspec", "click"}  # the base install
EXTRA = {
    "client": {"httpx"},
    "connect": {"ray", "pyarrow", "quixstreams"},
    "serve": {"starlette", "uvicorn", "anyio", "websockets", "redis"},
    "studio": {"starlette"},
}  # what a layer needs beside it, which an extra brings


def layer_of(module: str) -> str:
    """`hitherto.model.layers` is in the layer `model`, `hitherto.cells` in `cells`."""
    return "facade" if module == "hitherto" else module.split(".")[1]


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, at_import_only: bool = False) -> Iterator[str]:
    """Every module that `tree` imports, at any depth; or only those that come with importing it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "imports are absolute"
            assert node.level == 0, "imports are absolute"
            if node.module == "hitherto":  # submodules, or names that live in one
                yield from (HOME.get(alias.name, f"hitherto.{alias.name}") for alias in node.names)
            else:
                yield node.module
        elif not (at_import_only and skipped_at_import(node)):
            yield from imports(node, at_import_only)


def skipped_at_import(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("path", [path for path in SOURCES if name_of(path) != "hitherto"], ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    layer = layer_of(name_of(path))
    ours = {name for name in imports(parse(path)) if name.split(".")[0] == "hitherto"}
    assert {name for name in ours if layer_of(name) not in MAY_IMPORT[layer] | {layer}} == set()


def test_every_layer_is_there() -> None:
    assert set(MAY_IMPORT) == {layer_of(name_of(path)) for path in SOURCES} - {"facade"}


def test_layers_have_no_circle() -> None:
    order = TopologicalSorter({name: others - {"facade", "_native"} for name, others in MAY_IMPORT.items()})
    assert set(order.static_order()) == set(MAY_IMPORT)


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if layer_of(name_of(path)) not in TORCH or name_of(path) in NO_TORCH],
    ids=name_of,
)
def test_what_needs_no_torch_imports_none(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(parse(path), at_import_only=True)}
    assert roots - sys.stdlib_module_names <= INSTALLED | EXTRA.get(layer_of(name_of(path)), set()) | {
        "hitherto"
    }


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_runs_code_from_a_file(path: Path) -> None:
    tree = parse(path)
    roots = {name.split(".")[0] for name in imports(tree)}
    assert not roots & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            assert called not in {"eval", "exec", "compile", "__import__"}, f"line {node.lineno}"
            for keyword in node.keywords:
                loose = {"allow_pickle": True, "weights_only": False}.get(keyword.arg or "")
                given = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                assert loose is None or given is not loose, f"line {node.lineno}: {keyword.arg}={loose}"


def modules_after(statement: str) -> set[str]:
    """The top-level modules outside the standard library that `statement` brings into a fresh process."""
    program = f"""
import sys
before = set(sys.modules)
{statement}
import json
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    roots = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    return {root for root in roots - sys.stdlib_module_names if not root.startswith("_")}


def test_import_hitherto_imports_nothing_else() -> None:
    assert modules_after("import hitherto; dir(hitherto)") == {"hitherto"}


def test_help_imports_only_click() -> None:
    statement = """
import hitherto.cli
try:
    hitherto.cli.main(["--help"])
except SystemExit as end:
    assert not end.code
"""
    assert modules_after(statement) == {"hitherto", "click"}


def test_cells_need_no_torch() -> None:
    assert "torch" not in modules_after("import hitherto; hitherto.CELLS")


def test_import_is_cheap_beside_numpy() -> None:
    # both in one process, in microseconds with everything they import; the numbers stand in the second column
    program = [sys.executable, "-X", "importtime", "-c", "import numpy, hitherto"]
    rows = subprocess.run(program, capture_output=True, text=True, check=True).stderr.splitlines()
    cumulative = {
        row.split("|")[2].strip(): row.split("|")[1] for row in rows if row.startswith("import time:")
    }
    assert int(cumulative["hitherto"]) < int(cumulative["numpy"])


@pytest.mark.parametrize("name", hitherto.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(hitherto, name) is not None
    assert name in dir(hitherto)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'LTSM'"):
        hitherto.LTSM  # type: ignore[attr-defined]  # noqa: B018


def test_without_torch_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["torch"] = None
import hitherto
try:
    hitherto.LSTM
except hitherto.errors.MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "hitherto.LSTM needs torch, which is not installed. Install it with: pip install 'hitherto[train]'"
    )
