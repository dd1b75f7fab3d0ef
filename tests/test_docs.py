"""The documentation is true: its Python runs, its links lead somewhere, the map names every file."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
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


@pytest.mark.parametrize("folder", ["src/hitherto", "native", "benchmarks", "examples", "docs"])
def test_the_map_names_every_file(folder: str) -> None:
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    files = [
        path for path in (ROOT / folder).rglob("*.*") if path.suffix in {".py", ".h", ".inc", ".cpp", ".md"}
    ]
    missing = {path.relative_to(ROOT).as_posix() for path in files if f"`{path.name}`" not in text}
    assert files
    assert not missing


def test_the_demo_runs(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    demo = ROOT / "examples" / "demo.py"
    out = run(demo, "here", "--steps", "2", "--hidden-size", "16", cwd=tmp_path)
    assert "next:" in out
    assert (tmp_path / "here" / "reference.safetensors").exists()
    assert (tmp_path / "here" / "reference.run" / "report.html").exists()
