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


def home(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def extension() -> Path:
    spec = importlib.util.find_spec("hitherto._native")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def test_the_extension_serves_every_python() -> None:
    suffix = ".pyd" if sys.platform == "win32" else ".abi3.so"
    assert extension().name == f"_native{suffix}"


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


USE = """
import json, sys
import hitherto
found = {}
for task, (path, data, pushed) in json.loads(sys.argv[1]).items():
    model = hitherto.open(path)
    stream = model.stream()
    found[task] = [model.evaluate(data), model.predict(data) if task != "lm" else model.generate("the", seed=1),
                   [stream.push(*given) for given in pushed], stream.peek(), stream.finish(), len(stream.save())]
assert "torch" not in sys.modules
print(json.dumps(found))
"""


def bundles(folder: Path) -> dict[str, tuple[str, str, list[list[object]]]]:
    """A trained model of every task: its path, labelled data, and what to push."""
    from test_contracts import DAYS, NARROW, REVIEWS, TAGGED, TASK_CASES, TEXT

    found: dict[str, tuple[str, str, list[list[object]]]] = {}
    pushed: dict[str, list[list[object]]] = {
        "classify": [["a good "], ["film"]], "tag": [["ann met b"], ["ob"]], "lm": [["the ca"], ["t sat on"]],
        "forecast": [[3.0, 1], [4.0, 2], [None, 3]],
    }  # fmt: skip
    data: dict[str, list[dict[str, object]]] = {"classify": REVIEWS, "tag": TAGGED, "forecast": DAYS}
    for task, given in pushed.items():
        options = {**NARROW, **TASK_CASES[task][1]}
        out, table = folder / f"{task}.safetensors", folder / f"{task}.jsonl"
        if task == "lm":
            table = folder / "lm.txt"
            table.write_text(TEXT, encoding="utf-8")
        else:
            table.write_text("".join(json.dumps(row) + "\n" for row in data[task]), encoding="utf-8")
        hitherto.train(task, table, **options).save(out)
        found[task] = (str(out), str(table), given)
    return found


def use(
    python: Path | str, given: dict[str, tuple[str, str, list[list[object]]]], cwd: Path, *start: str
) -> object:
    code = "".join(start) + USE
    done = subprocess.run(
        [python, *(["-I", "-S"] if start else []), "-c", code, json.dumps(given)],
        capture_output=True, text=True, cwd=cwd, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_task_runs_on_the_base_packages_alone(tmp_path: Path) -> None:
    """Nothing but the base install can be imported; the answers are those of here, to the bit."""
    pytest.importorskip("torch")
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("numpy", "safetensors", "msgspec", "click"):
        folder = home(name)
        (alone / name).symlink_to(folder)
        if (folder.parent / f"{name}.libs").exists():
            (alone / f"{name}.libs").symlink_to(folder.parent / f"{name}.libs")
    (alone / "hitherto").mkdir()
    for child in (*home("hitherto").iterdir(), extension()):  # of an editable install they lie apart
        if not (alone / "hitherto" / child.name).exists():
            (alone / "hitherto" / child.name).symlink_to(child)
    given = bundles(tmp_path)
    found = use(sys.executable, given, tmp_path, f"import sys; sys.path.append({str(alone)!r})\n")
    assert found == use(sys.executable, given, tmp_path)


@pytest.mark.soak
def test_the_wheel_alone_is_enough(tmp_path: Path) -> None:
    """The wheel is built, installed with the base dependencies only, and used for every task."""
    given = bundles(tmp_path)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT],
        check=True,
        cwd=tmp_path,
    )
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    constraints = ROOT / "constraints.txt"
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", constraints, wheel], check=True, cwd=tmp_path)
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
    assert use(python, given, tmp_path) == use(sys.executable, given, tmp_path)
