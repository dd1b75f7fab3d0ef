"""The documentation is true: Python runs, links lead somewhere, the map agrees with the source."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "hitherto"
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]


def title(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def python_blocks(page: Path) -> str:
    """The Python of a page as one program, every block at its own line number."""
    text = page.read_text(encoding="utf-8")
    program: list[str] = []
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, block.start(1))
        program += [""] * (line - len(program)) + block[1].splitlines()
    return "\n".join(program)


def run(program: Path, *args: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", program, *args], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)], ids=title)
def test_python_runs(page: Path, tmp_path: Path) -> None:
    program = tmp_path / f"{page.stem}.py"
    program.write_text(python_blocks(page), encoding="utf-8")
    run(program, cwd=tmp_path)


def test_the_readme_shows_python() -> None:
    assert "import hitherto" in python_blocks(ROOT / "README.md")


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:|#", link):
            assert (page.parent / link.split("#")[0]).exists(), link


PLACES = re.findall(r"`([\w./*-]+?)(?::([\w.]+))?`", (ROOT / "docs" / "map.md").read_text(encoding="utf-8"))
FOLDERS = sorted(
    path.parent.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("__init__.py")
    if path.parent != PACKAGE
)
FILE = re.compile(r"[\w./-]+\.(py|pyi|h|cpp|inc|txt|md|toml)")


def names_in(path: Path) -> set[str]:
    """What a file defines: `name` and `Class.name` of Python, any word of C++."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return set(re.findall(r"\w+", text))
    names: set[str] = set()
    for node in ast.parse(text).body:
        names |= bound(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for inner in node.body for name in bound(inner)}
    return names


def bound(node: ast.stmt) -> set[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    return {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize(
    "place", [p for p in PLACES if p[1] or "/" in p[0] or FILE.fullmatch(p[0])], ids=":".join
)
def test_the_map_leads_somewhere(place: tuple[str, str]) -> None:
    path, name = place
    if path in ("source.py", "stream.py", "report.py", "baselines.py"):  # in the folder of each family
        assert list((PACKAGE / "tasks").glob(f"*/{path}"))
        return
    file = next((base / path for base in (PACKAGE, ROOT) if (base / path).exists()), None)
    assert file is not None, path
    assert not name or name in names_in(file), f"{path} has no {name}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_map_names_every_folder(folder: str) -> None:
    assert (folder, "") in PLACES


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py*")), ids=lambda path: path.name)
def test_the_map_names_every_file_of_the_package(path: Path) -> None:
    assert any(place == path.name for place, _ in PLACES)


def test_the_demo_runs(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    demo = ROOT / "examples" / "demo.py"
    out = run(demo, "here", "--steps", "2", "--hidden-size", "16", cwd=tmp_path)
    assert "next:" in out
    assert (tmp_path / "here" / "reference.safetensors").exists()
    assert (tmp_path / "here" / "reference.run" / "report.html").exists()
