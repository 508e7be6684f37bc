"""Counts the instructions one run of a model takes on 64-bit ARM: the same number every time, whatever else is busy.

A whole machine is emulated (qemu-system-aarch64) whose clock goes on by one nanosecond for every instruction. The count
includes the runtime, its Python binding and the kernel's timer, and knows nothing of caches, memory or how many
instructions a core runs at once: it is a gate against regressions, not milliseconds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import edgelm
from edgelm.environments import building
from edgelm.errors import ParityError, ToolchainError
from edgelm_targets import _arm64_init, arm64_setup
from edgelm_targets._apt import Apt, extract, host, unpack
from edgelm_targets._cpio import Cpio

_KERNEL = "linux-image-cloud-arm64:arm64"
_QEMU = "qemu-system-arm"
_MOST_SECONDS = 1200
_LAST_LINES = 3
_MACHINE = (
    *("-machine", "virt,dtb-randomness=off", "-smp", "1", "-m", "3072", "-nodefaults", "-nic", "none", "-no-reboot"),
    *("-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2025-01-01T00:00:00,clock=vm"),
    *("-display", "none", "-serial", "stdio"),
)
"""Everything that would differ between two starts is fixed: the seeds, the date, the memory map."""
_KERNEL_ARGUMENTS = (
    "console=ttyAMA0 quiet panic=-1 rdinit=/init "
    "nokaslr norandmaps random.trust_cpu=off random.trust_bootloader=off PYTHONHASHSEED=0 LC_ALL=C.UTF-8"
)


def folder() -> Path:
    """Where qemu-system-aarch64 and the kernel lie: beside the set-up of `arm64_setup`."""
    return arm64_setup.folder().with_name("arm64-system")


def install(say: Callable[[str], None]) -> None:
    """Fetch qemu-system-aarch64 and a kernel, once; ToolchainError says what is in the way."""
    place = folder()
    if place.is_dir():
        return
    say("downloading qemu-system-aarch64 and a kernel, 85 MB with the package lists")
    with building(place) as partial:
        apt = Apt(partial / "downloads", host())
        unpack(apt.with_dependencies(_QEMU), partial / "qemu")
        kernel = next(name for name in apt.dependencies(_KERNEL) if name.startswith("linux-image-"))
        release = kernel.removeprefix("linux-image-").split(":")[0]
        if not extract(apt.alone(kernel), f"boot/vmlinuz-{release}", partial / "vmlinuz"):
            raise ToolchainError(f"The package {kernel} has no boot/vmlinuz-{release}.")
        shutil.rmtree(partial / "downloads")


def count(
    bundle: Path,
    manifest: Mapping[str, Any],
    original: str,
    requires: Sequence[str],
    cpu: str,
    lengths: Sequence[int],
    runs: int,
) -> dict[int, tuple[int, ...]]:
    """The instructions of each run, by length, on a CPU model of `arm64_setup.CPUS`.

    ``original`` is ``module:attribute`` of the target whose ``load`` runs there, with the modules it ``requires``.
    ToolchainError when there is no such machine here; ParityError when the bundle does not come to the end in it.
    """
    if not folder().is_dir():
        raise ToolchainError(
            "The emulated ARM machine that counts instructions is not set up.", hint=f"Run: {arm64_setup.COMMAND}"
        )
    module, _, attribute = original.partition(":")
    order = {
        "module": module,
        "attribute": attribute,
        "manifest": dict(manifest),
        "lengths": list(lengths),
        "runs": runs,
    }
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "root.cpio"
        with root.open("wb") as file:
            _write_root(file, bundle, requires, order)
        lines = _boot([*_qemu(), "-cpu", cpu, *_MACHINE, "-kernel", str(folder() / "vmlinuz"), "-initrd", str(root)])
    found = next((line for line in lines if line.startswith(_arm64_init.MARK)), None)
    if found is None:
        raise ParityError(f"The emulated machine gave no counts; its last words: {' | '.join(lines[-_LAST_LINES:])}")
    counts: list[list[int]] = json.loads(found.removeprefix(_arm64_init.MARK))
    return {length: tuple(own) for length, own in zip(lengths, counts, strict=True)}


def _boot(command: Sequence[str]) -> list[str]:
    """The lines on the console of a machine, until it switches itself off."""
    with tempfile.TemporaryFile() as console:
        try:
            subprocess.run(
                [*command, "-append", _KERNEL_ARGUMENTS],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                timeout=_MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ParityError(f"The emulated machine did not finish within {_MOST_SECONDS} s.") from None
        console.seek(0)
        text = console.read().decode(errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _qemu() -> list[str]:
    """qemu-system-aarch64 with the libraries it was fetched with, whatever this machine has."""
    root = folder() / "qemu"
    loader = next(iter(sorted(root.glob("lib*/ld-linux-*.so.*"))))
    folders = sorted({path.parent for path in root.glob("**/*.so.*")})
    binary = root / "usr" / "bin" / "qemu-system-aarch64"
    return [str(loader), "--library-path", ":".join(map(str, folders)), str(binary), "-L", str(root / "usr/share/qemu")]


def _write_root(file: IO[bytes], bundle: Path, requires: Sequence[str], order: Mapping[str, Any]) -> None:
    """The machine's files: Python, the target's runtime, edgelm's own code, the bundle, and what to do with it."""
    place = arm64_setup.folder()
    others = set(arm64_setup.RUNTIMES) - {*requires, "numpy"}
    archive = Cpio(file)
    for name in ("lib", "usr/bin", "usr/lib"):
        archive.add_tree(place / "sysroot" / name, name)
    for path in sorted((place / "site").iterdir()):
        if path.name.split("-")[0] not in others:
            archive.add_tree(path, f"site/{path.name}")
    for code in (Path(edgelm.__file__).parent, Path(__file__).parent):
        for path in sorted(code.glob("*.py")):
            archive.add_tree(path, f"code/{code.name}/{path.name}")
    for name in order["manifest"]["artifact"]["files"]:
        archive.add_tree(bundle / name, f"bundle/{name}")
    archive.add("order.json", 0o100644, json.dumps(order).encode())
    archive.add("init", 0o100755, Path(_arm64_init.__file__).read_bytes())
    archive.end()
