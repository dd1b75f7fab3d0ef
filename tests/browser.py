"""A real browser for the tests of the studio: Debian's Chromium, or another that is installed, driven by Playwright.

Without one the tests are skipped with a reason; with HITHERTO_BROWSER=required they fail instead.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
REQUIRED = os.environ.get("HITHERTO_BROWSER") == "required"


def lacks(what: str) -> None:
    """Skip the test for this reason; fail where a browser is required."""
    if REQUIRED:
        pytest.fail(f"HITHERTO_BROWSER=required, but {what}")
    pytest.skip(what)


@contextmanager
def opened() -> Iterator[Any]:
    """The browser."""
    path = next((found for name in (*BROWSERS, MAC) if (found := shutil.which(name))), None)
    if path is None:
        lacks("there is no Chromium; on Debian: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacks("Playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Running:
    """A studio in a process of its own."""

    def __init__(self, state: Path, *models: str) -> None:
        self.state, self.models, self.port = state, models, 0
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "hitherto",
            "studio",
            *self.models,
            "--port",
            str(self.port),
            "--no-open",
        ]
        about = {**os.environ, "XDG_STATE_HOME": str(self.state), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=about)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://\S+:(\d+)/\?token=\S+", line):
                self.link, self.port = found[0], int(found[1])
                return
        raise AssertionError(f"the studio ended with {self.process.wait()}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def complaints(page: Any) -> list[str]:
    """What axe-core finds that is serious or critical."""
    if not AXE.exists():
        lacks("axe-core is not there: npm ci in web/")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
