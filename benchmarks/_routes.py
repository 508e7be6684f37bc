"""Every way to an artifact that the benchmarks compare: edgelm's command line and the vendors' own, as data."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from _environments import CACHE, DRIVERS, ENVIRONMENTS, ROOT, Environment

_WATCH_SECONDS = 0.02
MODEL_NAME = "all-MiniLM-L6-v2"
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
}


class RouteError(Exception):
    """A route gave no artifact; the message is its own last words."""


@dataclass(frozen=True)
class Route:
    """One command in one environment.

    ``command`` starts with a tool of the environment; MODEL, OUT and SOURCE stand for the checkpoint's folder, the
    folder to write to, and the folder of the artifact of the route ``source``. ``file`` is the model inside OUT.
    """

    name: str
    environment: Environment
    command: tuple[str, ...]
    file: str
    source: str | None = None

    @property
    def shown(self) -> str:
        """The command as a reader would type it."""
        return " ".join(self.command)

    def argv(self, out: Path) -> list[str]:
        """The command to run, with every path in its place."""
        places = {"MODEL": str(model_folder()), "OUT": str(out)}
        if self.source:
            places["SOURCE"] = str(artifact(ROUTES[self.source]).parent)
        tool, *arguments = (places.get(part, part) for part in self.command)
        arguments = [str(DRIVERS.parent / part) if part.startswith("drivers/") else part for part in arguments]
        return [str(self.environment.tool(tool)), *arguments]


@dataclass(frozen=True)
class Cost:
    """What one process cost, from its start to its end."""

    seconds: float
    """Wall clock."""
    cpu_seconds: float
    """Of all its threads and children; a busy machine hardly changes it."""
    peak_mb: float
    """Peak memory of all its processes together, what they share counted once; 0 where it was not watched."""
    error: str
    """Its last words when it failed, else empty."""


@cache
def model_folder() -> Path:
    """The folder of the built-in MiniLM."""
    from edgelm.checkpoint import open_checkpoint

    return open_checkpoint(MODEL_NAME).path


def run(argv: list[str], *, watched: bool = False) -> Cost:
    """Run a process to its end, offline, and say what it cost.

    Watching its memory takes time of its own, so a run is either timed or watched.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **_OFFLINE})
        peak_mb = _watch(process.pid) if watched else 0.0
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        error = _last_words(output.read(), process.returncode) if process.returncode else ""
    return Cost(seconds, usage.ru_utime + usage.ru_stime, peak_mb, error)


def _watch(root: int) -> float:
    """The largest sum of proportional set sizes of a process and all it started, in MB, looked at until it ends."""
    peak = 0.0
    while os.waitid(os.P_PID, root, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, sum(_pss_mb(process) for process in _tree(root)))
        time.sleep(_WATCH_SECONDS)
    return peak


def _tree(root: int) -> Iterator[int]:
    yield root
    for children in Path(f"/proc/{root}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            for child in children.read_text("utf-8").split():
                yield from _tree(int(child))


def _pss_mb(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8").splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def artifact(route: Route) -> Path:
    """The model a route gives, made once for each state of its environment; RouteError when it gives none."""
    out = CACHE / "artifacts" / f"{route.name}-{_key(route)[:12]}"
    if not (out / route.file).exists():
        route.environment.ensure()
        print(f"making {route.name} ...", file=sys.stderr, flush=True)
        for old in out.parent.glob(f"{route.name}-????????????"):
            shutil.rmtree(old)
        partial = out.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        error = run(route.argv(partial)).error
        if error or not (partial / route.file).exists():
            raise RouteError(error or f"wrote no {route.file}")
        partial.rename(out)
    return out / route.file


def try_artifacts(names: list[str], failures: dict[str, str]) -> dict[str, Path]:
    """The artifacts of those routes that give one, by route; the others' last words are added to ``failures``."""
    found = {}
    for name in names:
        try:
            found[name] = artifact(ROUTES[name])
        except RouteError as error:
            failures[name] = str(error)
    return found


def _key(route: Route) -> str:
    source = _key(ROUTES[route.source]) if route.source else ""
    named = [part for part in route.command if part.startswith("drivers/")]
    drivers = [(DRIVERS.parent / name).read_text("utf-8") for name in (*named, "drivers/_sentence_encoder.py")]
    parts = [route.environment.digest, *route.command, source, *drivers]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _last_words(output: str, code: int) -> str:
    """The last line of a failed process, without the paths of this machine."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    words = lines[-1] if lines else "no output"
    for path, name in ((str(model_folder()), "MODEL"), (str(ROOT), "."), (str(Path.home()), "~")):
        words = words.replace(path, name)
    return f"exit {code}: {words[:300]}"


def _edgelm(target: str, precision: str, suffix: str, *options: str) -> Route:
    command = ("edgelm", "export", "MODEL", "--target", target, "-o", "OUT", "--precision", precision, *options)
    name = f"edgelm-{target}-{precision}{suffix}"
    return Route(name, ENVIRONMENTS["edgelm-all"], command, f"{target}/edgelm.json")


def _litert_torch(length: int) -> tuple[Route, Route]:
    """litert-torch at one fixed length, and ai-edge-quantizer after it."""
    environment, name = ENVIRONMENTS["litert-torch"], f"litert-torch-{length}"
    convert = ("python", "drivers/litert_torch_convert.py", "MODEL", "OUT", "--length", str(length))
    quantize = ("python", "drivers/litert_quantize.py", "SOURCE", "OUT")
    return (
        Route(name, environment, convert, "model.tflite"),
        Route(f"{name}-int8", environment, quantize, "model.tflite", source=name),
    )


def _coremltools(via: str) -> Route:
    command = ("python", "drivers/coremltools_convert.py", "MODEL", "OUT", "--length", "128", "--via", via)
    return Route(f"coremltools-{via}", ENVIRONMENTS["coremltools"], command, "model.mlpackage")


def _optimum_onnx(name: str, *command: str, file: str = "model.onnx", source: str | None = None) -> Route:
    return Route(name, ENVIRONMENTS["optimum-onnx"], command, file, source)


_EXPORT_ONNX = ("optimum-cli", "export", "onnx", "--model", "MODEL", "--task", "feature-extraction")
_EXPORT_OPENVINO = ("optimum-cli", "export", "openvino", "--model", "MODEL", "--task", "feature-extraction")
_QUANTIZE = ("optimum-cli", "onnxruntime", "quantize", "--onnx_model", "SOURCE", "-o", "OUT", "--avx512_vnni")

TARGETS = ("onnx", "tflite", "openvino", "coreml")
PRECISIONS = ("fp32", "fp16", "int8")

_ALL = (
    *(_edgelm(target, "fp32", "-default") for target in TARGETS),
    *(_edgelm(target, precision, "", "--max-length", "512") for target in TARGETS for precision in PRECISIONS),
    _edgelm("cpu-server", "int8", "", "--max-length", "512"),
    *(_edgelm(target, "int8-static", "", "--max-length", "512") for target in ("onnx", "openvino")),
    *(_edgelm("tflite", precision, "-at-128", "--lengths", "128") for precision in ("fp32", "int8")),
    *(route for length in (16, 64, 128) for route in _litert_torch(length)),
    *(_coremltools(via) for via in ("export", "trace")),
    _optimum_onnx("optimum-onnx", *_EXPORT_ONNX, "OUT"),
    _optimum_onnx("optimum-onnx-O3", *_EXPORT_ONNX, "--optimize", "O3", "OUT"),
    _optimum_onnx("optimum-onnx-vnni", *_QUANTIZE, file="model_quantized.onnx", source="optimum-onnx"),
    _optimum_onnx("quantize_dynamic", "python", "drivers/onnx_quantize.py", "SOURCE", "OUT", source="optimum-onnx"),
    Route("optimum-openvino", ENVIRONMENTS["optimum-intel"], (*_EXPORT_OPENVINO, "OUT"), "openvino_model.xml"),
    Route(
        "optimum-openvino-int8",
        ENVIRONMENTS["optimum-intel"],
        (*_EXPORT_OPENVINO, "--weight-format", "int8", "OUT"),
        "openvino_model.xml",
    ),
)
ROUTES: Mapping[str, Route] = {route.name: route for route in _ALL}
