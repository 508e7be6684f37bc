"""The environments the benchmarks run in: pinned, made once, kept under .cache/bench/environments."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
DRIVERS = Path(__file__).with_name("drivers")
_CONSTRAINTS = Path(__file__).with_name("constraints")
_SOURCES = ("edgelm", "converters/edgelm_converters", "targets/edgelm_targets")
_STAMP = "edgelm-bench.json"


@dataclass(frozen=True)
class Environment:
    """One virtual environment: what pip is asked for, the file that pins all of it, and what is taken out again."""

    name: str
    requirements: tuple[str, ...]
    constraints: Path
    without: tuple[str, ...] = ()
    checkout: bool = False
    """Whether it holds edgelm from this checkout, and so must follow it."""

    @property
    def path(self) -> Path:
        """Its folder."""
        return CACHE / "environments" / self.name

    @property
    def site_packages(self) -> Path:
        """Where its packages lie."""
        return self.path / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"

    def tool(self, name: str) -> Path:
        """A command of this environment, for instance ``python`` or ``optimum-cli``."""
        return self.path / "bin" / name

    def version(self, distribution: str) -> str:
        """The installed version of a distribution."""
        found = importlib.metadata.distributions(name=distribution, path=[str(self.site_packages)])
        return next(iter(found)).version

    @property
    def digest(self) -> str:
        """Changes when anything that was or would be installed changes."""
        return hashlib.sha256(json.dumps(self._wanted()).encode()).hexdigest()

    def ensure(self) -> Environment:
        """Make the environment, or bring it up to date with the checkout; returns itself."""
        stamp, wanted = self.path / _STAMP, self._wanted()
        found = json.loads(stamp.read_text("utf-8")) if stamp.is_file() else {}
        if found == wanted:
            return self
        if found.get("packages") != wanted["packages"]:
            print(f"making the environment {self.name} ...", file=sys.stderr, flush=True)
            shutil.rmtree(self.path, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(self.path))
            self._pip("install", "-c", str(self.constraints), *self.requirements)
            if self.without:
                self._pip("uninstall", "--yes", *self.without)
        else:
            self._pip("install", "--no-deps", "--force-reinstall", str(ROOT))
        stamp.write_text(json.dumps(wanted), "utf-8")
        return self

    def _pip(self, command: str, *arguments: str) -> None:
        _run(str(self.tool("python")), "-m", "pip", command, "--quiet", "--disable-pip-version-check", *arguments)

    def _wanted(self) -> dict[str, str]:
        packages = [*self.requirements, *self.without, self.constraints.read_text("utf-8")]
        if not self.checkout:
            return {"packages": _digest(packages)}
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = json.dumps([project["dependencies"], project["optional-dependencies"]])
        return {"packages": _digest([*packages, wanted]), "sources": _digest(_checkout())}


def _vendor(name: str, *requirements: str, without: tuple[str, ...] = ()) -> Environment:
    return Environment(name, requirements, _CONSTRAINTS / f"{name}.txt", without)


def _ours(extra: str) -> Environment:
    return Environment(f"edgelm-{extra}", (f"{ROOT}[{extra}]",), ROOT / "constraints.txt", checkout=True)


VENDORS = (
    _vendor("litert-torch", "litert-torch", "transformers", "ai-edge-litert", "torch"),
    _vendor("optimum-onnx", "optimum-onnx[onnxruntime]", "torch"),
    # It brings a torchvision that does not load beside a CPU build of torch ("operator torchvision::nms does not
    # exist"), and then nothing of it works; it does not need torchvision for text.
    _vendor("optimum-intel", "optimum-intel[openvino]", "torch", without=("torchvision",)),
    _vendor("coremltools", "coremltools", "transformers", "torch"),
)
QUANTIZERS = (
    _vendor("nncf", "nncf", "openvino"),
    _vendor("ai-edge-quantizer", "ai-edge-quantizer", "ai-edge-litert"),
)
"""Of the vendors' quantizers, those that are not among edgelm's own toolchains; neither needs torch."""
SERVERS = (
    _vendor("sentence-transformers", "sentence-transformers", "optimum-onnx[onnxruntime]", "fastapi", "uvicorn"),
    _vendor("schemathesis", "schemathesis"),
)
OURS = tuple(_ours(extra) for extra in ("tflite", "onnx", "openvino", "coreml", "all"))
ENVIRONMENTS = {environment.name: environment for environment in (*VENDORS, *QUANTIZERS, *SERVERS, *OURS)}


def _checkout() -> Iterator[str]:
    """Name and content of every file that ``pip install .`` would take from the checkout."""
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                yield str(path.relative_to(ROOT))
                yield hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(parts: list[str] | Iterator[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _run(*command: str) -> None:
    """Run a command quietly and at low priority; its output is shown when it fails."""
    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: os.nice(10), check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\nfailed:\n{result.stdout[-2000:]}{result.stderr[-4000:]}")
