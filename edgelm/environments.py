"""Python environments of other versions: made once with venv and pip in a cache folder, whole or not at all."""

from __future__ import annotations

import difflib
import fcntl
import importlib.metadata
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from edgelm.errors import ToolchainError
from edgelm.isolation import signals_held

SCHEMA = 1
"""Raised when an environment of an older edgelm no longer serves."""
_MINORS = range(14, 7, -1)
"""Of Python 3, newest first: those looked for where the running one does not do."""
_STAMP = "edgelm.json"
_AGAIN = "Check the network and how pip reaches its index, then run the same command again."
_MOST_LISTED = 8
_OFFLINE = "connection broken by"
_NO_MATCH = "No matching distribution found"

_ERROR = re.compile(r"E:|ERROR:|[\w.]+(Error|Exception): ")
"""How apt, pip and Python begin the line that says why."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Environment:
    """A Python, and the versions of what is installed beside it, by normalized names."""

    python: Path
    python_version: str
    packages: Mapping[str, str]

    def told(self, *names: str) -> str:
        """``tflite-runtime 2.14.0 on Python 3.11, numpy 1.26.4``, for a report."""
        found = [f"{name} {self.packages.get(name, 'of unknown version')}" for name in map(normalized, names)]
        python = ".".join(self.python_version.split(".")[:2])
        return f"{', '.join(found)} on Python {python}, numpy {self.packages.get('numpy', 'missing')}"


def current() -> Environment:
    """The environment that this process runs in."""
    return Environment(Path(sys.executable), platform.python_version(), _Installed())


class _Installed(Mapping[str, str]):
    """The versions of what lies beside this Python, each read when it is asked for: reading all takes 60 ms."""

    def __getitem__(self, name: str) -> str:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter({normalized(found.name) for found in importlib.metadata.distributions()})

    def __len__(self) -> int:
        return len(set(self))


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def cache() -> Path:
    """Where edgelm keeps what it sets up: ``$EDGELM_CACHE``, else ``edgelm`` in the user's cache directory."""
    own = os.environ.get("EDGELM_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "edgelm"


def find(name: str, version: str) -> Environment | None:
    """The finished environment of that version of a distribution, on whatever Python; None when there is none."""
    places = sorted((cache() / "runtimes").glob(f"{name}-{version}-py3.*"))
    return next((found for place in places if (found := _read(place))), None)


@dataclass(frozen=True)
class Wanted:
    """What an environment is made of, and when it is good."""

    name: str
    """A distribution's normalized name."""
    version: str
    beside: tuple[str, ...] = ()
    """Further arguments of ``pip install``."""
    without: tuple[str, ...] = ()
    """Distributions that it brings and that are taken out again."""
    imports: tuple[str, ...] = ()
    """Modules that must be importable at the end."""

    @property
    def requirement(self) -> str:
        """As pip is asked for it."""
        return f"{self.name}=={self.version}"


def install(wanted: Wanted, say: Say) -> Environment:
    """The environment of that version of a distribution, made if there is none; two processes may ask at once.

    It has the running Python where there are wheels for it, else the newest on the PATH that has. ToolchainError says
    what is in the way.
    """
    found = find(wanted.name, wanted.version)
    if found:
        return found
    say(f"looking up {wanted.requirement}")
    python, minor = _suitable_python(wanted.name, wanted.version)
    place = cache() / "runtimes" / f"{wanted.name}-{wanted.version}-py3.{minor}"
    with _locked(place, say):
        if _read(place) is None:
            with building(place) as partial:
                _build(partial, python, wanted, say)
    made = _read(place)
    assert made is not None
    return made


@contextmanager
def building(place: Path) -> Iterator[Path]:
    """A folder to fill beside ``place``, which takes its place when nothing went wrong and is removed otherwise.

    ToolchainError when the disk does not let it.
    """
    unique = uuid4().hex[:8]
    partial = place.with_name(f".{place.name}.{unique}.partial")
    old = place.with_name(f".{place.name}.{unique}.old")
    try:
        with _writing(place.parent):
            partial.mkdir(parents=True)
            yield partial
            if place.exists():
                place.rename(old)
            partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def run(
    command: Sequence[str],
    doing: str,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    hint: str = _AGAIN,
) -> subprocess.CompletedProcess[str]:
    """Run a tool; ToolchainError with the reason it gives when it fails."""
    done = _output(command, directory, environment)
    if done.returncode:
        raise ToolchainError(f"{doing} failed: {cause(done)}.", hint=hint)
    return done


def cause(done: subprocess.CompletedProcess[str]) -> str:
    """The last error a tool names, else its first warning, its last line, or its exit status."""
    lines = [line.strip().rstrip(".") for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    warnings = [line for line in lines if line.startswith("W:")]
    return (*errors[-1:], *warnings[:1], *lines[-1:], f"exit status {done.returncode}")[0]


# -- which Python ------------------------------------------------------------------------------------------------------


def _suitable_python(name: str, version: str) -> tuple[str, int]:
    """A Python that there are wheels for, and its minor version; ToolchainError names those that would do."""
    own = sys.version_info.minor
    listed = {own: _listed(name, own)}
    if _is_among(version, listed[own]):
        return sys.executable, own
    listed |= {minor: _listed(name, minor) for minor in _MINORS if minor != own}
    offered = [minor for minor, versions in listed.items() if _is_among(version, versions)]
    for minor in offered:
        python = _on_path(minor)
        if python:
            return python, minor
    if offered:
        pythons = ", ".join(f"3.{minor}" for minor in offered)
        raise ToolchainError(
            f"{name} {version} has wheels for Python {pythons} on this machine, and none of these is on the PATH with "
            "its venv module.",
            hint=f"Install one, for example: apt install python3.{offered[0]}-venv",
        )
    raise ToolchainError(_unknown(name, version, listed), hint="Give a version that pip can install here.")


def _listed(name: str, minor: int) -> list[str]:
    """The versions pip finds wheels of for a Python on this machine, newest first; ToolchainError without a network."""
    wheels = ["--only-binary=:all:", "--python-version", f"3.{minor}", "--pre"]
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--retries", "1"]
    done = _output([*pip, "index", "versions", name, *wheels])
    for line in done.stdout.splitlines():
        label, _, versions = line.partition(": ")
        if label == "Available versions":
            return versions.split(", ")
    if _OFFLINE in done.stderr:
        raise ToolchainError(f"pip cannot reach its index to look up {name}.", hint=_AGAIN)
    if _NO_MATCH not in done.stderr:
        raise ToolchainError(f"Looking up {name} failed: {cause(done)}.", hint=_AGAIN)
    return []


def _is_among(version: str, versions: Sequence[str]) -> bool:
    """Whether a version is listed; 1.15 and 1.15.0 are the same."""
    return _without_zeros(version) in map(_without_zeros, versions)


def _without_zeros(version: str) -> str:
    return re.sub(r"(\.0+)+$", "", version)


def _on_path(minor: int) -> str | None:
    """A Python of that minor version on the PATH that runs and can make environments; a shim may do neither."""
    ask = "import sys, ensurepip, venv; print(sys.version_info[1])"
    for folder in os.get_exec_path():
        python = shutil.which(f"python3.{minor}", path=folder)
        if python and _output([python, "-I", "-c", ask]).stdout.strip() == str(minor):
            return python
    return None


def _unknown(name: str, version: str, listed: Mapping[int, Sequence[str]]) -> str:
    """What there is in place of a version that there is not, nearest first."""
    known = dict.fromkeys(number for versions in listed.values() for number in versions)
    if not known:
        return f"pip says: {_NO_MATCH} for {name}=={version}."
    nearest = difflib.get_close_matches(version, known, n=_MOST_LISTED, cutoff=0.0)
    return f"pip finds no wheel of {name} {version} for this machine, among others there are {', '.join(nearest)}."


# -- making one --------------------------------------------------------------------------------------------------------


def _build(partial: Path, python: str, wanted: Wanted, say: Say) -> None:
    """Fill ``partial`` with an environment, and write its stamp last. It may be moved: only its Python is used."""
    say("making a Python environment")
    ensurepip = f"{python} needs its venv and ensurepip modules; on Debian: apt install python3-venv"
    run([python, "-I", "-m", "venv", str(partial)], "Making a Python environment", hint=ensurepip)
    inside = [str(_python(partial)), "-I"]
    pip = [*inside, "-m", "pip", "--disable-pip-version-check"]
    requirements = [wanted.requirement, *wanted.beside]
    say(f"installing {' '.join(requirements)}")
    run([*pip, "install", "--quiet", "--only-binary=:all:", *requirements], f"Installing {wanted.requirement}")
    if wanted.without:
        run([*pip, "uninstall", "--quiet", "--yes", *wanted.without], f"Removing {wanted.without[0]}")
    say(f"trying {wanted.requirement}")
    hint = "This version may not run on this machine or beside its newest dependencies; try another."
    ask = f"import platform, {', '.join(wanted.imports)}; print(platform.python_version())"
    version = run([*inside, "-c", ask], f"Importing {', '.join(wanted.imports)}", hint=hint).stdout.split()[-1]
    frozen = run([*pip, "list", "--format=freeze"], "Listing what is installed").stdout.split()
    packages = dict(line.split("==", 1) for line in frozen)
    names = {normalized(name): number for name, number in packages.items()}
    stamp = {"schema": SCHEMA, "python": version, "packages": names}
    (partial / _STAMP).write_text(json.dumps(stamp, indent=2) + "\n", "utf-8")


def _read(place: Path) -> Environment | None:
    """The environment in a folder; None when there is none that is finished and whose Python is still there."""
    try:
        stamp: Any = json.loads((place / _STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(stamp, dict) or stamp.get("schema") != SCHEMA or not _python(place).exists():
        return None
    return Environment(_python(place), stamp["python"], stamp["packages"])


def _python(place: Path) -> Path:
    return place / "bin" / "python"


@contextmanager
def _locked(place: Path, say: Say) -> Iterator[None]:
    """Only one process at a time; what one that was killed left half-made is removed."""
    with _writing(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = place.with_name(f".{place.name}.lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that makes the same environment")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in place.parent.glob(f".{place.name}.*.partial"):
            shutil.rmtree(left, ignore_errors=True)
        yield


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """ToolchainError in place of an OSError."""
    try:
        yield
    except OSError as error:
        raise ToolchainError(
            f"The set-up in {folder} failed: {error.strerror or error}.",
            hint="Set EDGELM_CACHE to a folder that can be written to and has 2 GB free.",
        ) from None


def _output(
    command: Sequence[str], directory: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What a tool answers; when this process is interrupted, the tool ends with all it has started."""
    pipe = subprocess.PIPE
    process: subprocess.Popen[str] | None = None
    try:
        with signals_held():
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                text=True,
                start_new_session=True,
            )
        stdout, stderr = process.communicate()
    except BaseException:
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        raise
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
