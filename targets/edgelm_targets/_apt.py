"""Debian packages without root and without touching the machine: an apt of its own in a folder, unpacked by dpkg."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from edgelm import environments
from edgelm.environments import cause
from edgelm.errors import ToolchainError

_AGAIN = "Check the network and how apt and pip reach it, then run the same command again."
# Read after the machine's own settings, whose proxies and sources hold; its hooks would touch the machine.
_CONFIGURATION = """\
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear APT::Architectures;
APT::Architecture "{architecture}";
APT::Architectures {{ {architectures}; }};
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::State "{directory}";
Dir::State::lists "{directory}/lists";
Dir::State::status "{directory}/status";
Dir::Cache "{directory}";
Dir::Cache::archives "{directory}/archives";
Dir::Log "{directory}";
"""


class Apt:
    """An apt for arm64 and this machine's architecture, to which no package is installed.

    A package's name may end in ``:`` and an architecture; without one it is of the ``architecture`` given here.
    """

    def __init__(self, directory: Path, architecture: str) -> None:
        """Read the package lists into ``directory``; ToolchainError where there is no apt or no network."""
        for name in ("lists/partial", "archives/partial"):
            (directory / name).mkdir(parents=True)
        (directory / "status").touch()
        self._directory = directory
        self._configuration = directory / "apt.conf"
        architectures = "; ".join(f'"{name}"' for name in dict.fromkeys((architecture, "arm64", host())))
        configuration = _CONFIGURATION.format(
            directory=directory, architecture=architecture, architectures=architectures
        )
        self._configuration.write_text(configuration, "utf-8")
        update = run([*self._get, "update"], "Reading the package lists")
        if not any((directory / "lists").glob("*_Packages*")):  # without a network, update only warns
            raise ToolchainError(f"No package list could be read: {cause(update)}.", hint=_AGAIN)

    def with_dependencies(self, *packages: str) -> list[Path]:
        """The .deb files of packages and of all they depend on."""
        run([*self._get, "install", "--download-only", *packages], f"Downloading {packages[0]}")
        return sorted((self._directory / "archives").glob("*.deb"))

    def alone(self, package: str) -> Path:
        """The .deb file of one package."""
        directory = self._directory / package
        directory.mkdir()
        run([*self._get, "download", package], f"Downloading {package}", directory)
        return next(directory.glob("*.deb"))

    def dependencies(self, package: str) -> list[str]:
        """The names of the packages that one depends on."""
        command = ["apt-cache", "-c", str(self._configuration), "depends", package]
        lines = run(command, f"Looking up {package}").stdout.splitlines()
        return [line.split(": ", 1)[1] for line in lines if line.strip().startswith("Depends: ")]

    @property
    def _get(self) -> list[str]:
        return ["apt-get", "-qq", "-y", "-c", str(self._configuration)]


def host() -> str:
    """This machine's architecture, as Debian names it; ToolchainError where there is no apt."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise ToolchainError(
            "The ARM set-up is made of Debian packages, and there is no apt-get here.",
            hint="Run it on Debian 12 or newer, or in a container of it.",
        )
    return run(["dpkg", "--print-architecture"], "Asking dpkg for the architecture").stdout.strip()


def unpack(debs: Sequence[Path], place: Path) -> None:
    """Unpack packages over each other; their scripts are not run."""
    for deb in debs:
        run(["dpkg", "-x", str(deb), str(place)], f"Unpacking {deb.name}")


def extract(deb: Path, name: str, place: Path) -> bool:
    """Write one file of a package, by its path without the first slash, to ``place``; False when it has none such."""
    with (
        subprocess.Popen(["dpkg", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            if member.name == f"./{name}" and member.isfile():
                place.write_bytes(cast(IO[bytes], archive.extractfile(member)).read())
                place.chmod(member.mode)
    return place.exists()


def run(command: Sequence[str], doing: str, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool; ToolchainError with the reason it gives when it fails."""
    return environments.run(command, doing, directory, hint=_AGAIN)
