"""What is installed: one version, one abi3 extension, types, the licence, pins for all that we need."""

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

import hitherto

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_the_installed_one() -> None:
    assert importlib.metadata.version("hitherto") == hitherto.__version__


def test_the_extension_serves_every_python() -> None:
    spec = importlib.util.find_spec("hitherto._native")
    assert spec is not None
    assert spec.origin is not None
    suffix = ".pyd" if sys.platform == "win32" else ".abi3.so"
    assert Path(spec.origin).name == f"_native{suffix}"


def test_one_floor_for_python() -> None:
    project = PROJECT["project"]
    assert project["requires-python"] == ">=3.11"
    assert PROJECT["tool"]["scikit-build"]["wheel"]["py-api"] == "cp311"
    assert "USE_SABI 3.11" in (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")


def test_types_and_licence_come_along() -> None:
    assert (Path(hitherto.__file__).parent / "py.typed").exists()
    assert importlib.metadata.metadata("hitherto")["License-Expression"] == "Apache-2.0"
    assert "Apache License\n" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_constraints_pin_what_the_targets_install() -> None:
    project = PROJECT["project"]
    needed = [
        *project["dependencies"],
        *project["optional-dependencies"]["dev"],
        *PROJECT["build-system"]["requires"],
    ]
    pinned = set(
        re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {re.match(r"[\w-]+", name)[0] for name in [*needed, "torch"]} <= pinned  # type: ignore[index]


@pytest.mark.soak
def test_the_base_install_stands_alone(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    constraints = ROOT / "constraints.txt"
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", constraints, ROOT], check=True, cwd=tmp_path)
    done = subprocess.run(
        [python, "-m", "hitherto", "doctor", "--json"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    assert report["native"]["isas"]
    assert report["packages"]["torch"] is None
