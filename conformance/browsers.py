"""Headless Chromium behind a script of node's, and npm's packages, for what a kit answers in a page."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web_demo"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HAS_BROWSER = bool(CHROMIUM and shutil.which("node") and shutil.which("npm"))
_MODULES = ROOT / ".cache" / "web"


def npm_modules() -> Path:
    """npm's packages as web_demo's lock file has them, installed once."""
    lock = (WEB / "package-lock.json").read_text("utf-8")
    if not (_MODULES / "node_modules").is_dir() or (_MODULES / "package-lock.json").read_text("utf-8") != lock:
        _MODULES.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WEB / name, _MODULES)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=_MODULES, check=True)
    return _MODULES / "node_modules"


class Browser:
    """Headless Chromium; its operations are those of the script that drives it, as methods with keyword arguments."""

    def __init__(self, script: Path, modules: Path, *arguments: str) -> None:
        command = ["node", str(script), str(modules), str(CHROMIUM), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __getattr__(self, op: str) -> Callable[..., Any]:
        return lambda **request: self._ask({"op": op, **request})

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        assert "error" not in reply, reply["error"]
        return reply["ok"]

    def answer(self, fields: Mapping[str, str], *, press: str = "click") -> Any:
        """The demo page's answer: its fields filled in by their labels, its button pressed by that operation."""
        for label, text in fields.items():
            self.fill(label=label, text=text)
        self._ask({"op": press, "name": "Answer"})
        return self.answered()

    def answered(self) -> Any:
        """The answer that stands on the demo's page, as its JSON; AssertionError with the page's words without one."""
        self.wait(script="document.querySelector('#run').getAttribute('aria-disabled') === 'false'")
        error = self.eval(script="document.querySelector('#error').textContent")
        assert not error, error
        if not self.eval(script="document.querySelector('#json').open"):
            self.summary(text="Answer as JSON")
            self.wait(script="document.querySelector('#json-text').textContent !== ''")
        return json.loads(self.eval(script="document.querySelector('#json-text').textContent"))

    def close(self) -> None:
        """End the browser, and the process that drives it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
