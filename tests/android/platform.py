"""Which classes, methods and fields of Android an APK's code uses, and which of them a platform lacks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_CLASS = re.compile(r"  Class descriptor  : '(L[^']+;)'")
_METHOD = re.compile(r"      name          : '([^']+)'")
_USE = re.compile(r", (\[*L[^;]+;)\.([^:\s]+):(\S+) // (?:method|field)@")
_JAVAP_CLASS = re.compile(r"(?:\w+ )*(?:class|interface) ([\w.$]+)(.*)\{")
_GENERICS = re.compile(r"<[^<>]*>")
_PARENT = re.compile(r"(?:extends|implements|,) ?([\w.$]+)")
_OBJECT = "Ljava/lang/Object;"


class Use(NamedTuple):
    """That a method of the APK calls a method, or reads or writes a field; names as dex has them."""

    caller: str
    method: str
    owner: str
    name: str
    descriptor: str


@dataclass
class Platform:
    """Members (names with descriptors) of classes, and what the classes inherit from, as javap reads them."""

    members: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=dict)

    def has(self, owner: str, name: str, descriptor: str) -> bool:
        """Whether a class has a member, its own or inherited."""
        if owner not in self.members:
            return False
        is_own = (name, descriptor) in self.members[owner]
        return is_own or any(self.has(parent, name, descriptor) for parent in self.parents[owner])


@dataclass
class Code:
    """The classes an APK defines, and everything their methods use."""

    classes: set[str]
    uses: list[Use]

    @property
    def outside(self) -> list[Use]:
        """The uses of what the APK does not define itself."""
        return [use for use in self.uses if use.owner not in self.classes and not use.owner.startswith("[")]


def read_code(apk: Path) -> Code:
    """What dexdump says of an APK's code."""
    listing = subprocess.run(["dexdump", "-d", str(apk)], capture_output=True, text=True, check=True).stdout
    caller = method = ""
    code = Code(set(), [])
    for line in listing.splitlines():
        if head := _CLASS.match(line):
            caller = head[1]
            code.classes.add(caller)
        elif head := _METHOD.match(line):
            method = head[1]
        elif use := _USE.search(line):
            code.uses.append(Use(caller, method, *use.groups()))
    return code


def read_platform(jar: Path, classes: Iterable[str]) -> Platform:
    """Classes of android.jar by their descriptors, with all they inherit from; those that it lacks are left out."""
    platform = Platform()
    wanted = {_OBJECT, *classes}
    asked: set[str] = set()
    while wanted:
        _add(platform, _javap(jar, wanted))
        asked |= wanted
        wanted = {parent for parents in platform.parents.values() for parent in parents} - asked
    return platform


def missing(found: Iterable[Use], platform: Platform) -> list[Use]:
    """The uses that the platform does not have."""
    return [use for use in found if not platform.has(use.owner, use.name, use.descriptor)]


def _javap(jar: Path, descriptors: Iterable[str]) -> str:
    names = sorted(name[1:-1].replace("/", ".") for name in descriptors)
    command = ["javap", "-s", "-protected", "-bootclasspath", str(jar), "-cp", str(jar), *names]
    return subprocess.run(command, capture_output=True, text=True).stdout  # it exits with 1 where one is not there


def _add(platform: Platform, listing: str) -> None:
    owner = member = ""
    for line in listing.splitlines():
        if head := _JAVAP_CLASS.match(_without_generics(line)):
            owner = _descriptor(head[1])
            parents = [_descriptor(name) for name in _PARENT.findall(head[2])]
            has_superclass = " extends " in head[2] or owner == _OBJECT
            platform.members[owner] = set()
            platform.parents[owner] = parents if has_superclass else [*parents, _OBJECT]
        elif line.startswith("    descriptor: "):
            platform.members[owner].add((member, line.split(": ", 1)[1]))
        elif line.startswith("  "):
            name = re.split(r"[(;]", _without_generics(line))[0].split()[-1]
            member = "<init>" if _descriptor(name) == owner else name


def _without_generics(line: str) -> str:
    while (shorter := _GENERICS.sub("", line)) != line:
        line = shorter
    return line


def _descriptor(name: str) -> str:
    return f"L{name.replace('.', '/')};"
