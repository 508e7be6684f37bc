"""Sets up 64-bit ARM under emulation: qemu-user, Debian's Python for arm64, and the runtimes' real aarch64 wheels.

``edgelm doctor --install arm64`` does it once, in a cache folder and without root; the machine's own packages
are left as they are. The packages come from wherever this machine's apt and pip are set up to get theirs.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edgelm.environments import building, cache, run
from edgelm.errors import ToolchainError
from edgelm_targets._apt import Apt, extract, host, unpack

COMMAND = "edgelm doctor --install arm64"
SCHEMA = 1
"""Raised when a set-up of an older edgelm no longer serves."""


@dataclass(frozen=True)
class Cpu:
    """A CPU model as qemu names it, and what Linux says about it in /proc/cpuinfo."""

    title: str
    model: str
    part: str
    features: str


_COMMON = "fp asimd evtstrm aes pmull sha1 sha2 crc32"
CPUS: Mapping[str, Cpu] = {
    cpu.model: cpu
    for cpu in (
        Cpu("Cortex-A53", "cortex-a53", "0xd03", f"{_COMMON} cpuid"),
        Cpu(
            "Cortex-A76",
            "cortex-a76",
            "0xd0b",
            f"{_COMMON} atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
        ),
    )
}
"""The core of a decade of cheap phones, and one with int8 dot products: runtimes choose other kernels for each."""

RUNTIMES: Mapping[str, str] = {"onnxruntime": "onnxruntime", "ai_edge_litert": "ai-edge-litert"}
"""Importable modules and the distributions they come in; those installed here are set up, in the same version."""

_PACKAGES = ("python3", "libstdc++6", "libgcc-s1", "libgomp1", "zlib1g")
_QEMU = (("qemu-user-static", "qemu-aarch64-static"), ("qemu-user", "qemu-aarch64"))
"""Packages and their binaries: up to Debian 12 the first is static, from 13 on the second, and the first is empty."""
_CORES = 4
_OLDEST_PYTHON = (3, 11)
# Each wheel has one or two of these tags, and pip takes only what is listed. Debian with Python 3.11 has glibc 2.36.
_PLATFORMS = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)))


def folder() -> Path:
    """Where the set-up lies: ``arm64`` in edgelm's cache."""
    return cache() / "arm64"


def missing(modules: Iterable[str]) -> str | None:
    """Why the runtimes ``modules`` cannot be replayed on ARM here, with the command that helps; None when they can."""
    wanted = {module: _installed(module) for module in modules}
    absent = [module for module, number in wanted.items() if number is None]
    if absent:
        return f"{', '.join(absent)} is not installed here, so there is no version to replay on ARM."
    stamp = _stamp(folder())
    if stamp is None:
        return f"the emulated ARM machine is not set up; run: {COMMAND}"
    for module, number in wanted.items():
        found = stamp.get(module, "none")
        if found != number:
            return f"the ARM set-up has {module} {found}, this environment {number}; run again: {COMMAND}"
    return None


def versions(modules: Iterable[str]) -> str:
    """What the set-up runs a bundle with, for a report."""
    stamp = _stamp(folder()) or {}
    names = ", ".join(f"{RUNTIMES[module]} {stamp.get(module, 'of unknown version')}" for module in modules)
    python, numpy, qemu = (stamp.get(name, "unknown") for name in ("python", "numpy", "qemu"))
    return f"{names} on Python {python}, numpy {numpy}, qemu {qemu}, all but qemu for aarch64"


def install(say: Callable[[str], None] = lambda _: None) -> Path:
    """Set up every runtime installed here, once; returns the folder. ``say`` is told what is being done.

    A set-up that already has these versions is left as it is. A new one is built beside and takes its place when it
    has imported the runtimes on every CPU model. ToolchainError says what is missing, and what to do.
    """
    place = folder()
    wanted = {module: number for module in RUNTIMES if (number := _installed(module))}
    if not wanted:
        raise ToolchainError("No runtime to set up is installed.", hint="Run: pip install 'edgelm[onnx,tflite]'")
    if missing(wanted) is None:
        return place
    with building(place) as partial:
        _build(partial, wanted, say)
    return place


def python_command(place: Path, cpu: str) -> list[str]:
    """The command that starts the emulated Python on a CPU model, without the machine's own site-packages.

    The prefix of a CPU model also replaces what runtimes read in /proc and /sys. qemu 7 passes the host's own cpuinfo
    on, and onnxruntime crashes on it; with another ARM core's it runs instructions that the CPU model lacks.
    """
    python = next((place / "sysroot" / "usr" / "bin").glob("python3.[0-9]*"))
    return [str(place / "qemu"), "-cpu", cpu, "-L", str(place / cpu), str(python), "-S", "-P"]


def environment(place: Path, paths: Sequence[Path] = ()) -> dict[str, str]:
    """The whole environment of an emulated process; ``paths`` are searched for modules after the set-up's own."""
    return {
        "PYTHONPATH": os.pathsep.join(map(str, (place / "site", *paths))),
        "PYTHONHASHSEED": "0",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin",
        "HOME": str(place),
    }


# -- building ----------------------------------------------------------------------------------------------------------


def _build(partial: Path, wanted: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Fill ``partial``: qemu, sysroot/, site/, a prefix for each CPU model, and stamp.json last."""
    say("downloading qemu and Python for arm64, 100 MB with the package lists")
    downloads = partial / "downloads"
    apt = Apt(downloads, "arm64")
    _fetch_qemu(apt, partial / "qemu")
    unpack(apt.with_dependencies(*_PACKAGES), partial / "sysroot")
    python = _python_version(partial)
    say("downloading the aarch64 wheels, 50 MB")
    numpy = version("numpy")
    pins = [*(f"{RUNTIMES[module]}=={number}" for module, number in wanted.items()), f"numpy=={numpy}"]
    _install_wheels(partial, python, pins, downloads / "wheels")
    for cpu in CPUS.values():
        say(f"trying them on an emulated {cpu.title}")
        _write_prefix(partial, cpu)
        _try_imports(partial, cpu, ["numpy", *wanted])
    shutil.rmtree(downloads)
    qemu = run([str(partial / "qemu"), "-version"], "Starting qemu").stdout.split()[2]
    stamp = {"schema": SCHEMA, "python": python, "qemu": qemu, "numpy": numpy, **wanted}
    (partial / "stamp.json").write_text(json.dumps(stamp, indent=2) + "\n", "utf-8")


def _fetch_qemu(apt: Apt, place: Path) -> None:
    """This machine's static qemu-aarch64, at ``place``."""
    for package, binary in _QEMU:
        if extract(apt.alone(f"{package}:{host()}"), f"usr/bin/{binary}", place):
            return
    raise ToolchainError(f"No package of {', '.join(package for package, _ in _QEMU)} has a static qemu-aarch64.")


def _python_version(partial: Path) -> str:
    """``3.11``, say: the version of the Python that the distribution has."""
    found = [path.name.removeprefix("python") for path in (partial / "sysroot/usr/bin").glob("python3.[0-9]*")]
    newest = max((tuple(map(int, name.split("."))) for name in found), default=(0, 0))
    if newest < _OLDEST_PYTHON:
        raise ToolchainError(
            f"This distribution's Python for arm64 is {newest[0]}.{newest[1]}; edgelm needs 3.11.",
            hint="Run it on Debian 12 or newer, or in a container of it.",
        )
    return ".".join(map(str, newest))


def _install_wheels(partial: Path, python: str, pins: Sequence[str], wheels: Path) -> None:
    """The aarch64 wheels, unpacked into ``partial``/site; without dependencies, which inference does not import."""
    platforms = [argument for tag in _PLATFORMS for argument in ("--platform", tag)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    python_tag = ["--implementation", "cp", "--python-version", python]
    command = [*pip, "--only-binary=:all:", *python_tag, *platforms, "--dest", str(wheels), *pins]
    run(command, "Downloading the aarch64 wheels")
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(partial / "site")


def _write_prefix(partial: Path, cpu: Cpu) -> None:
    """The root that processes on this CPU model see: the sysroot, under its own /proc/cpuinfo and number of cores."""
    root = partial / cpu.model
    (root / "proc").mkdir(parents=True)
    (root / "proc" / "cpuinfo").write_text("".join(_cpuinfo(cpu, core) for core in range(_CORES)), "ascii")
    cores = root / "sys" / "devices" / "system" / "cpu"
    cores.mkdir(parents=True)
    for name in ("possible", "present", "online"):
        (cores / name).write_text(f"0-{_CORES - 1}\n", "ascii")
    for name in ("lib", "usr"):
        (root / name).symlink_to(Path("..") / "sysroot" / name)


def _cpuinfo(cpu: Cpu, core: int) -> str:
    """One core's paragraph, as the kernel's arch/arm64 writes it."""
    fields = {
        "processor\t": core,
        "BogoMIPS\t": "100.00",
        "Features\t": cpu.features,
        "CPU implementer\t": "0x41",
        "CPU architecture": 8,
        "CPU variant\t": "0x0",
        "CPU part\t": cpu.part,
        "CPU revision\t": 4,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\n"


def _try_imports(partial: Path, cpu: Cpu, modules: Sequence[str]) -> None:
    """Import everything on that CPU model; this also compiles the modules, which halves every later start."""
    command = [*python_command(partial, cpu.model), "-c", f"import {', '.join(modules)}"]
    run(command, f"Importing {', '.join(modules)} on an emulated {cpu.title}", environment=environment(partial))


# -- small things ------------------------------------------------------------------------------------------------------


def _installed(module: str) -> str | None:
    """The version of a runtime in this environment."""
    try:
        return version(RUNTIMES[module])
    except PackageNotFoundError:
        return None


def _stamp(place: Path) -> Mapping[str, Any] | None:
    """What a finished set-up holds; None when there is none, or one of another schema."""
    try:
        stamp: dict[str, Any] = json.loads((place / "stamp.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return stamp if stamp.pop("schema", None) == SCHEMA else None
