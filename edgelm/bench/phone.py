"""A phone on adb: found, asked what it is, given files, made to run a script, and cleaned again whatever happens."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edgelm.errors import EdgelmError, ToolchainError, UnmeasuredError, UnsupportedError, UsageError
from edgelm.isolation import signals_held

ROOT = "/data/local/tmp"
"""The one folder of every Android phone in which adb may write and what it wrote may be run."""
ABI = "arm64-v8a"
PID = "pid"
"""In a folder where something runs: its process, which is ended before the folder goes."""
_INSTALL = (
    "Install it: apt install adb (Debian), brew install android-platform-tools (macOS), or the Platform-Tools of "
    "Android's SDK, and put it on the PATH."
)
_CONNECT = "Connect one by USB with USB debugging switched on (Settings, Developer options), then look: adb devices"
_STATES = {
    "unauthorized": "Unlock the phone and answer yes to its question about USB debugging, then run this again.",
    "offline": "Unplug the phone, plug it in again, and run: adb kill-server",
}
"""What helps against the states that a phone may be in."""
_ASK_SECONDS = 60.0
_COPY_SECONDS = 600.0
_STATUS = "edgelm-status"
_PROPERTIES = {
    "device": ("ro.product.manufacturer", "ro.product.model"),
    "SoC": ("ro.soc.manufacturer", "ro.soc.model"),
    "board": ("ro.board.platform",),
    "Android": ("ro.build.version.release",),
    "ABI": ("ro.product.cpu.abi",),
}
"""What a phone says of itself, by its name in a report."""


@dataclass(frozen=True)
class Ended:
    """How a script on the phone ended, and what it printed."""

    status: int
    """As a shell reports it: 128 and more are signals."""
    printed: str

    @property
    def told(self) -> str:
        """For a message: the signal or the status, and the last line."""
        last = next(
            (line.strip() for line in reversed(self.printed.splitlines()) if line.strip()), "it printed nothing"
        )
        return f"{_how(self.status)}: {last[:300]}"


@dataclass(frozen=True)
class Phone:
    """One 64-bit ARM device."""

    adb: str
    serial: str

    @classmethod
    def connect(cls, serial: str | None) -> Phone:
        """The device of that serial number, or the only one there is.

        ToolchainError without adb or a device that it may talk to, UsageError where several could be meant,
        UnsupportedError where it is not 64-bit ARM.
        """
        adb = shutil.which("adb")
        if adb is None:
            raise ToolchainError("adb is not on the PATH.", hint=_INSTALL)
        phone = cls(adb, _chosen(_listed(adb), serial))
        abis = phone.shell("getprop ro.product.cpu.abilist; getprop ro.product.cpu.abi").printed
        if ABI not in abis.replace(",", " ").split():
            known = ", ".join(abis.split()) or "unknown"
            raise UnsupportedError(
                f"Device {phone.serial} runs {known}; the runtimes that are pushed are built for {ABI}.",
                hint="Take a device of 64-bit ARM, or measure here: edgelm bench BUNDLE",
            )
        return phone

    @property
    def facts(self) -> dict[str, str]:
        """Name, SoC, Android version, ABI and cores, as far as the phone tells."""
        names = [name for group in _PROPERTIES.values() for name in group]
        lines = self.shell("; ".join(f"echo $(getprop {name})" for name in names)).printed.splitlines()
        values = dict(zip(names, map(str.strip, lines), strict=False))
        told = {key: " ".join(values.get(name, "") for name in group).strip() for key, group in _PROPERTIES.items()}
        return {**{key: value for key, value in told.items() if value}, "cores": str(self.cores)}

    @property
    def cores(self) -> int:
        """All cores, the fast and the slow; 1 where the phone does not tell."""
        last = re.search(r"(\d+)\s*$", self.shell("cat /sys/devices/system/cpu/possible").printed)
        return int(last[1]) + 1 if last else 1

    def check_space(self, wanted: int) -> None:
        """UnmeasuredError where the phone says that it has less free than so many bytes."""
        lines = self.shell(f"df -k {ROOT}").printed.splitlines()
        with suppress(ValueError, IndexError):  # no column of that name, or a size in words: then the push will tell
            free = int(lines[-1].split()[lines[0].split().index("Available")]) * 1024
            if free < wanted:
                raise UnmeasuredError(
                    f"Device {self.serial} has {free / 1e6:.0f} MB free in {ROOT}; {wanted / 1e6:.0f} MB are needed.",
                    hint="Remove something from the phone, then run this again.",
                )

    @contextmanager
    def holding(self, local: Path) -> Iterator[str]:
        """A copy of a folder on the phone, by its path there; at the end it is gone, and what runs in it is ended."""
        place = f"{ROOT}/{local.name}"
        try:
            self._clean(place)
            self._copy("push", str(local), f"{ROOT}/", "copying to")
            yield place
        except BaseException as error:
            if not self._clean(place) and isinstance(error, EdgelmError):
                error.hint = f"{error.hint} What was copied may still be there: adb shell rm -rf {place}".strip()
            raise
        else:
            self._clean(place)

    def pull(self, place: str, local: Path) -> None:
        """Copy a folder of the phone into a local one, which must be there."""
        self._copy("pull", place, str(local), "copying from")

    def shell(self, script: str, seconds: float = _ASK_SECONDS) -> Ended:
        """Run a script on the phone; UnmeasuredError when the phone is lost, or when it takes longer than that."""
        # Before Android 7 adb does not pass the exit status on.
        done = self._call("shell", f"({script}); echo {_STATUS} $?", seconds=seconds, doing="running on")
        marks = [*re.finditer(rf"{_STATUS} (\d+)", done.stdout)]
        if not marks:
            raise self._lost("running on", done)
        return Ended(int(marks[-1][1]), done.stdout[: marks[-1].start()].replace("\r\n", "\n"))

    def run(self, place: str, command: Sequence[str], seconds: float) -> Ended:
        """Run a command in a folder that ``holding`` gave; what it prints is both of its streams."""
        line = f"cd {place} && echo $$ > {PID} && exec {shlex.join(command)} 2>&1"
        return self.shell(f"sh -c {shlex.quote(line)}", seconds)

    def _copy(self, verb: str, source: str, place: str, doing: str) -> None:
        done = self._call(verb, source, place, seconds=_COPY_SECONDS, doing=doing)
        if done.returncode:
            raise self._lost(doing, done)

    def _clean(self, place: str) -> bool:
        """Remove a folder on the phone and end what runs in it; whether that could be done."""
        script = f"for pid in $(cat {place}/*/{PID} 2>/dev/null); do kill -9 $pid 2>/dev/null; done; rm -rf {place}"
        with signals_held():
            try:
                return self.shell(script).status == 0
            except EdgelmError:
                return False

    def _call(self, *arguments: str, seconds: float, doing: str) -> subprocess.CompletedProcess[str]:
        """What adb answers; it is ended with this process, or when it takes too long."""
        command = [self.adb, "-s", self.serial, *arguments]
        try:
            return _output(command, seconds)
        except subprocess.TimeoutExpired:
            raise UnmeasuredError(
                f"Device {self.serial}: {doing} it took longer than {seconds:g} s.",
                hint="Keep the phone unlocked and its cable in; give a slow one more with --time-limit.",
            ) from None

    def _lost(self, doing: str, done: subprocess.CompletedProcess[str]) -> UnmeasuredError:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reason = (lines[-1] if lines else f"adb ended with status {done.returncode}").rstrip(".")
        return UnmeasuredError(
            f"Device {self.serial}: {doing} it failed: {reason[:300]}.", hint="Look whether it is there: adb devices"
        )


def _listed(adb: str) -> dict[str, str]:
    """The state of each device, by its serial number; ToolchainError when adb does not run."""
    try:
        done = _output([adb, "devices"], _ASK_SECONDS)
    except subprocess.TimeoutExpired:
        raise ToolchainError("adb does not answer.", hint="Run: adb kill-server") from None
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().rpartition("\n")[2].rstrip(".")
        raise ToolchainError(f"adb does not run: {reason}.", hint="Run: adb kill-server")
    _, _, table = done.stdout.partition("List of devices attached")
    rows = [line.split(None, 1) for line in table.splitlines()]
    return {row[0]: row[1].strip() for row in rows if len(row) > 1}


def _chosen(devices: dict[str, str], serial: str | None) -> str:
    """The serial number that is meant, of a device that can be used."""
    if not devices:
        raise ToolchainError("adb sees no device.", hint=_CONNECT)
    if serial is not None and serial not in devices:
        raise UsageError(f"adb sees no device {serial!r:.80}.", hint=f"There are: {', '.join(devices)}.")
    if serial is None and len(devices) > 1:
        raise UsageError("adb sees several devices.", hint=f"Choose with --serial: {', '.join(devices)}.")
    found = serial or next(iter(devices))
    if devices[found] != "device":
        state = devices[found]
        raise ToolchainError(f"Device {found} is {state}.", hint=_STATES.get(state.split()[0], _CONNECT))
    return found


def _output(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """What a tool answers. It has a session of its own: Ctrl-C is for this process, which then still needs adb."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        start_new_session=True,
        check=False,
    )


def _how(status: int) -> str:
    """A shell's exit status in words."""
    if status > 128:
        with suppress(ValueError):
            return f"it died of {signal.Signals(status - 128).name}"
    return f"it ended with exit status {status}"
