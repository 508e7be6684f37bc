"""A proven bundle in the form that an engine takes which people already run: its files, its folders, its configuration.

A layout stands beside its bundle, ``OUTPUT/<target>-<layout>``, and holds the bundle's own model files: the proof stays
true, and `edgelm run`, `validate` and `report` go on to work on the bundle.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from edgelm import registry
from edgelm.bundle import Bundle, exchange, sha256, write_json
from edgelm.checkpoint import read_json
from edgelm.errors import UsageError
from edgelm.layouts import container, ovms, triton
from edgelm.layouts.subject import Subject
from edgelm.serve.settings import models_of
from edgelm.types import Target

SCHEMA_VERSION = 1
RECORD = "layout.json"
"""In every layout: what it was made of, and the digest of every file; what has none is left alone."""


@dataclass(frozen=True)
class Layout:
    """One form a bundle can be handed over in."""

    name: str
    formats: tuple[str, ...]
    """The converters whose files the engine runs in the runtime that they were proved in."""
    fill: Callable[[Subject, Path], None]
    """Writes everything but the record into an empty folder."""

    def takes(self, target: Target) -> bool:
        """Whether a bundle of that target can be handed over so: on this kind of machine, in its own runtime."""
        return target.converter in self.formats and not (target.emulated or target.set_up)

    def place(self, bundle: Path) -> Path:
        """The layout's folder, of its bundle's."""
        return bundle.with_name(f"{bundle.name}-{self.name}")


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("triton", ("onnx", "openvino"), triton.fill),
        Layout("ovms", ("openvino",), ovms.fill),
        Layout("container", ("onnx", "openvino", "tflite"), container.fill),
    )
}


def check(layout: Layout, targets: Sequence[str], output: Path) -> None:
    """UsageError where a target has no such layout, or where something else stands in its place."""
    for name in targets:
        if not layout.takes(registry.target(name)):
            takes = ", ".join(known for known, target in registry.targets().items() if layout.takes(target))
            raise UsageError(f"--layout {layout.name} takes no bundle of target {name}.", hint=f"It takes: {takes}.")
        _check_replaceable(layout.place(output / name))


def write(layout: Layout, path: Path, threads: int) -> Path:
    """The folder of a bundle's layout, which replaces an older one; it appears whole or not at all.

    ``threads`` are those of the runtime that the bundle was proved with. UsageError when the bundle was changed since,
    or when the disk does not let it.
    """
    (model,) = models_of([str(path)])
    bundle = Bundle.open(path)
    place = layout.place(path)
    with _building(place) as partial:
        layout.fill(Subject(bundle, model.name, threads), partial)
        write_json(partial / RECORD, {**_record(layout, bundle), "files": _digests(partial)})
    return place


def _record(layout: Layout, bundle: Bundle) -> dict[str, object]:
    made_of = {key: bundle.manifest[key] for key in ("model", "task", "target", "precision", "source")}
    return {"schema_version": SCHEMA_VERSION, "layout": layout.name, "bundle": made_of}


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


@contextmanager
def _building(place: Path) -> Iterator[Path]:
    """A folder beside ``place`` to fill, which takes its place when nothing went wrong and is removed otherwise."""
    _check_replaceable(place)
    partial = place.with_name(f".{place.name}.{uuid4().hex[:8]}.partial")
    try:
        partial.mkdir()
        yield partial
        exchange(partial, place)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"The bundle is in its place, but {place} cannot be written: {reason}.", hint="Choose another --output."
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_replaceable(place: Path) -> None:
    """UsageError when something that is no layout stands there."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())) or _is_layout(place):
        return
    raise UsageError(f"{place} exists and is no layout; it is left alone.", hint="Choose another --output.")


def _is_layout(place: Path) -> bool:
    return (place / RECORD).is_file() and read_json(place / RECORD).get("layout") in LAYOUTS
