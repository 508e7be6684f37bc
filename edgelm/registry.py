"""Finds converters and targets through entry points; a duplicate or broken plugin is a named error."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from edgelm import setups
from edgelm.errors import ToolchainError, UsageError
from edgelm.types import Converter, Target


@cache
def converters() -> Mapping[str, Converter]:
    """Every installed converter by name."""
    return cast(Mapping[str, Converter], _load("edgelm.converters"))


@cache
def targets() -> Mapping[str, Target]:
    """Every installed target by name, in the order of its table of contents."""
    return cast(Mapping[str, Target], _load("edgelm.targets"))


@cache
def origins() -> Mapping[str, str]:
    """The distribution each target comes from."""
    return {
        target.name: point.dist.name if point.dist else "unknown"
        for point in _points("edgelm.targets")
        for target in _members(point)
    }


def target(name: str) -> Target:
    """A target by name; UsageError lists the ones there are."""
    if name not in targets():
        raise UsageError(f"Unknown target {name!r}.", hint=f"Targets: {', '.join(targets())}.")
    return targets()[name]


def install(set_up: str, say: Callable[[str], None]) -> None:
    """Install a set-up of edgelm's own, or what targets need beyond pip; UsageError lists the set-ups there are."""
    found: dict[str, Callable[[Callable[[str], None]], object]] = {
        target.set_up: target.install for target in targets().values() if target.set_up
    }
    found |= {name: partial(setups.install, name) for name in setups.SET_UPS}
    if set_up not in found:
        raise UsageError(f"Nothing to install is called {set_up!r}.", hint=f"There are: {', '.join(sorted(found))}.")
    found[set_up](say)


def converter_of(target: Target) -> Converter:
    """The converter a target is written by."""
    if target.converter not in converters():
        raise ToolchainError(f"Target {target.name} needs the converter {target.converter}, which is not installed.")
    return converters()[target.converter]


def missing_modules(target: Target) -> tuple[str, ...]:
    """The importable modules a target or its converter needs and this environment lacks."""
    needed = dict.fromkeys((*converter_of(target).requires, *target.requires))
    return tuple(module for module in needed if not _is_importable(module))


def _is_importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that would hold it
        return False


def install_command(targets: Iterable[Target]) -> str:
    """The exact command that installs what those targets need, from the distributions that they come with."""
    extras: dict[str, dict[str, None]] = {}
    for target in targets:
        of_its_own = extras.setdefault(origins().get(target.name, "edgelm"), {})
        of_its_own.update({target.extra: None} if target.extra else {})
    wanted = (f"{name}[{','.join(names)}]" if names else name for name, names in extras.items())
    return " ".join(("pip install", *(f"'{requirement}'" for requirement in wanted)))


def require(targets: Iterable[Target]) -> None:
    """ToolchainError with the install command when any target's toolchain is missing."""
    targets = tuple(targets)
    for target in targets:
        if target.unwritable:
            raise ToolchainError(f"Target {target.name}: {target.unwritable}.")
    lacking = [(target, modules) for target in targets if (modules := missing_modules(target))]
    if lacking:
        names = ", ".join(dict.fromkeys(module for _, modules in lacking for module in modules))
        raise ToolchainError(f"Not installed: {names}.", hint=f"Run: {install_command(t for t, _ in lacking)}")


@contextmanager
def toolchain_of(target: Target) -> Iterator[None]:
    """Turns an import that fails inside into a ToolchainError: the toolchain is there, but it is broken."""
    try:
        yield
    except ImportError as error:
        raise ToolchainError(
            f"The toolchain of target {target.name} is installed, but cannot be imported: {error}.",
            hint=f"Run: {install_command([target])} --force-reinstall",
        ) from error


def _points(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda point: (point.name != "edgelm", point.name))


def _members(point: EntryPoint) -> tuple[Converter | Target, ...]:
    try:
        members = point.load()
    except Exception as error:  # a third party's module may fail in any way
        raise ToolchainError(
            f"Plugin {point.name} ({point.value}) is broken: {type(error).__name__}: {error}.", hint=_way_out(point)
        ) from error
    if not isinstance(members, tuple) or not all(hasattr(member, "name") for member in members):
        raise ToolchainError(
            f"Plugin {point.name}: {point.value} is not a tuple of converters or targets.", hint=_way_out(point)
        )
    return members


def _way_out(point: EntryPoint) -> str:
    """What takes a third party's plugin away, for nothing works beside a broken one."""
    return f"Run: pip uninstall {point.dist.name}" if point.dist and point.dist.name != "edgelm" else ""


def _load(group: str) -> Mapping[str, Converter | Target]:
    found: dict[str, Converter | Target] = {}
    origin: dict[str, str] = {}
    for point in _points(group):
        for member in _members(point):
            if member.name in found:
                raise ToolchainError(
                    f"Both {origin[member.name]} and {point.value} define {member.name}.", hint=_way_out(point)
                )
            found[member.name], origin[member.name] = member, point.value
    return found
