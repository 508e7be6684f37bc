"""What runs a bundle on a device without Python: a small program in C, the runtime's own library, and their orders.

The sources are in android_demo/native. The library and the C library under it come from the ARM set-up of
`edgelm doctor --install arm64`; glibc's loader lies beside the program and starts it, so that nothing is asked of the
device but Linux on 64-bit ARM.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgelm import environments, kits, registry
from edgelm.bundle import Bundle
from edgelm.errors import ToolchainError, UnsupportedError
from edgelm.types import Array, Tensors

_SET_UP = "arm64"
"""As `edgelm doctor --install` knows it, and the name of its folder in edgelm's cache."""
COMPILER = "aarch64-linux-gnu-gcc"
LOADER = "ld-linux-aarch64.so.1"
PROGRAM = "selftest"
ORDERS, REPORT = "orders.txt", "out/report.txt"
_GET_COMPILER = "Run: apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O2")
_SYSTEM = (
    LOADER,
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
)
"""What the libraries of both runtimes are linked to."""
_WARM_UP = 3
"""Untimed calls: runtimes choose kernels and allocate in the first ones."""
_LEAST_CALLS = 2


@dataclass(frozen=True)
class Runtime:
    """A runtime's library for 64-bit ARM Linux, as the ARM set-up has it."""

    name: str
    """As the program in C knows it."""
    distribution: str
    library: str
    """In the wheel, a pattern: its name may end in its version."""
    entry: bytes
    """A function of its C API; a library without it serves Python alone."""
    oldest: tuple[int, ...] = ()
    """The first version with the C API that the program is written for."""


RUNTIMES: Mapping[str, Runtime] = {
    "onnx": Runtime("onnx", "onnxruntime", "onnxruntime/capi/libonnxruntime.so*", b"OrtGetApiBase\0"),
    "tflite": Runtime(
        "litert", "ai-edge-litert", "ai_edge_litert/libLiteRt.so", b"LiteRtCreateCompiledModel\0", oldest=(2, 2)
    ),
}
"""By the converter that writes their format."""


def runtime_of(bundle: Bundle) -> Runtime:
    """What runs a bundle on a device; UnsupportedError names the formats that there is something for."""
    target = registry.target(bundle.manifest["target"])
    if target.converter not in RUNTIMES:
        raise UnsupportedError(
            f"{bundle.path}: there is no runtime for {target.converter} files to copy to a phone.",
            hint=f"Export it with --target {' or '.join(RUNTIMES)}.",
        )
    return RUNTIMES[target.converter]


def set_up(runtime: Runtime) -> Path:
    """The folder of the ARM set-up, which has that runtime; ToolchainError with the command that makes it."""
    for target in registry.targets().values():
        if target.set_up == _SET_UP and RUNTIMES.get(target.converter) is runtime and target.unmeasured:
            raise ToolchainError(f"--adb copies the ARM set-up's runtime to the phone, and {target.unmeasured}")
    return environments.cache() / _SET_UP


def check_tools(runtime: Runtime, place: Path) -> None:
    """ToolchainError or UnsupportedError where the program cannot be built, or the library has no C API."""
    if shutil.which(COMPILER) is None:
        raise ToolchainError(f"{COMPILER} is not on the PATH; it builds what runs on the phone.", hint=_GET_COMPILER)
    found = version(runtime)
    if tuple(int(part) for part in found.split(".")[: len(runtime.oldest)]) < runtime.oldest:
        wanted = ".".join(map(str, runtime.oldest))
        raise ToolchainError(
            f"{runtime.distribution} {found} has an older C API than the self-test is written for.",
            hint=f"Run: pip install -U '{runtime.distribution}>={wanted}' && edgelm doctor --install arm64",
        )
    if runtime.entry not in _library(runtime, place).read_bytes():
        raise UnsupportedError(
            f"The ARM library of {runtime.distribution} {found} has no C API.",
            hint="Use ONNX Runtime's: edgelm export MODEL --target onnx",
        )


def version(runtime: Runtime) -> str:
    """Of the runtime: the set-up has the version that is installed here."""
    return environments.current().packages.get(runtime.distribution, "0")


def write_runtime(runtime: Runtime, place: Path, folder: Path) -> None:
    """Fill a new folder with all that must lie beside each other on the device; ToolchainError when gcc fails."""
    folder.mkdir()
    native = kits.place("android_demo") / "native"
    sources = [str(path) for path in sorted(native.glob("*.c"))]
    command = [COMPILER, *FLAGS, "-o", str(folder / PROGRAM), *sources, "-ldl"]
    environments.run(command, "Building the self-test for 64-bit ARM", hint=_GET_COMPILER)
    link(_library(runtime, place), folder / f"lib{runtime.name}.so")
    system = place / "sysroot"
    for name in _SYSTEM:
        found = next((path for path in sorted(system.glob(f"**/{name}")) if path.is_file()), None)
        if found is None:
            raise ToolchainError(
                f"The ARM set-up in {place} lacks {name}.", hint="Remove it and run: edgelm doctor --install arm64"
            )
        link(found.resolve(), folder / name)
    for name in (LOADER, PROGRAM):
        (folder / name).chmod(0o755)


def command(runtime_folder: str) -> list[str]:
    """What starts the self-test in a folder of orders, the runtime's folder being that."""
    return [
        f"{runtime_folder}/{LOADER}",
        "--library-path",
        runtime_folder,
        f"{runtime_folder}/{PROGRAM}",
        ORDERS,
        REPORT,
    ]


def link(source: Path, place: Path) -> None:
    """The same file in another place, without its bytes a second time where the file system allows it."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _library(runtime: Runtime, place: Path) -> Path:
    found = sorted((place / "site").glob(runtime.library))
    if not found:
        raise ToolchainError(
            f"The ARM set-up in {place} lacks {runtime.library}.",
            hint="Remove it and run: edgelm doctor --install arm64",
        )
    return found[0]


# -- orders ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What one process does: golden feeds whose outputs are wanted, and for each length a feed that is timed."""

    bundle: Bundle
    threads: int
    golden: Sequence[Tensors]
    timed: Mapping[int, Tensors]
    most_calls: int
    seconds: float
    """For each length."""


def write_work(work: Work, runtime: Runtime, runtime_folder: str, folder: Path) -> None:
    """Fill a new folder with the model, every feed, and the orders that name them."""
    artifact = work.bundle.manifest["artifact"]
    (folder / "in").mkdir(parents=True)
    (folder / "out").mkdir()
    for name in artifact["files"]:
        place = folder / "model" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        link(work.bundle.path / name, place)
    (folder / ORDERS).write_text("\n".join(_orders(work, runtime, runtime_folder, folder)) + "\n", "utf-8")


def _orders(work: Work, runtime: Runtime, runtime_folder: str, folder: Path) -> Iterator[str]:
    artifact = work.bundle.manifest["artifact"]
    library = f"{runtime_folder}/lib{runtime.name}.so"
    yield f"open {runtime.name} {library} model/{artifact['files'][0]} {work.threads}"
    yield " ".join(["outputs", *(spec["name"] for spec in artifact["outputs"])])
    for i, tensors in enumerate(work.golden):
        yield from _feed(work.bundle, tensors, f"golden{i}", folder)
        yield f"run out/{i}"
    for length, tensors in work.timed.items():
        yield from _feed(work.bundle, tensors, f"length{length}", folder)
        yield f"time {_WARM_UP} {_LEAST_CALLS} {max(work.most_calls, _LEAST_CALLS)} {work.seconds:g}"
    yield "usage"


def _feed(bundle: Bundle, tensors: Tensors, name: str, folder: Path) -> Iterator[str]:
    """The orders of one feed, whose files are written; padded where the model takes fixed lengths."""
    artifact = bundle.manifest["artifact"]
    given = next(iter(tensors.values())).shape[1]
    length = fitting(bundle.manifest["lengths"], given)
    signatures: Mapping[str, int | None] = artifact["details"].get("signatures", {})
    entry = next((key for key, size in signatures.items() if size in (length, None)), "-")
    yield f"feed {entry}"
    for spec in artifact["inputs"]:
        padded = np.pad(tensors[spec["name"]], ((0, 0), (0, length - given)))
        array = padded.astype(np.dtype(spec["dtype"]).newbyteorder("<"))
        file = f"in/{name}.{spec['name']}.bin"
        (folder / file).write_bytes(array.tobytes())
        yield f"input {spec['name']} {spec['dtype']} {file} {' '.join(map(str, array.shape))}"


def fitting(lengths: Sequence[int], tokens: int) -> int:
    """The first of a model's fixed lengths that so many tokens fit; without any, as many."""
    return next((length for length in sorted(lengths) if length >= tokens), tokens)


# -- report ------------------------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What a process wrote down."""

    load_ms: float = 0.0
    outputs: list[tuple[str, Path, tuple[int, ...]]] = field(default_factory=list)
    """Name, file and shape of each output of each golden feed, in order."""
    times: list[list[tuple[float, float]]] = field(default_factory=list)
    """Of each length, in order: wall and CPU milliseconds of every call."""
    peak_mb: float = 0.0
    cpu_s: float = 0.0
    error: str = ""
    """What it says went wrong."""
    is_done: bool = False
    """Whether it came to its end; of one that was killed there is no error either."""


def read_report(folder: Path) -> Report:
    """The report in a folder that was brought back, as far as it goes: the process may have died over it."""
    report = Report()
    path = folder / Path(REPORT).name
    written = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    for line in written.splitlines():
        match line.split():
            case ["opened", ms, *_]:
                report.load_ms = float(ms)
            case ["output", name, _, file, *sizes]:
                report.outputs.append((name, folder / Path(file).name, tuple(map(int, sizes))))
            case ["times", *calls]:
                report.times.append([_pair(call) for call in calls])
            case ["usage", kilobytes, cpu_ms]:
                report.peak_mb, report.cpu_s = int(kilobytes) * 1024 / 1e6, float(cpu_ms) / 1e3
            case ["error", *words]:
                report.error = " ".join(words)
            case ["done"]:
                report.is_done = True
    return report


def outputs_of(report: Report, bundle: Bundle, tokens: Sequence[int]) -> list[dict[str, Array]]:
    """The outputs of each golden feed, without the padding; ``tokens`` are those of each feed as it was.

    A file that is not as long as its shape says gives an output of its own length, which then compares with nothing.
    """
    specs = bundle.manifest["artifact"]["outputs"]
    by_token = {spec["name"] for spec in specs if spec["shape"][1:2] == ["length"]}
    found: list[dict[str, Array]] = []
    for place, (name, file, shape) in enumerate(report.outputs):
        if place % len(specs) == 0:
            found.append({})
        values = np.fromfile(file, "<f4") if file.is_file() else np.zeros(0, "<f4")
        array = values.reshape(shape) if values.size == np.prod(shape) else values
        found[-1][name] = array[:, : tokens[len(found) - 1]] if name in by_token and array.ndim > 1 else array
    return found


def _pair(word: str) -> tuple[float, float]:
    wall, _, cpu = word.partition(":")
    return float(wall), float(cpu)
