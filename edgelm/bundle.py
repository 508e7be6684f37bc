"""The bundle: the folder an app ships; it appears whole or not at all, and says what is in it."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from edgelm.calibrate import FILE as QUANTIZATION
from edgelm.checkpoint import read_json
from edgelm.errors import UsageError
from edgelm.types import Scheme, TensorSpec

DATATYPES = {"int32": "INT32", "int64": "INT64", "float32": "FP32"}
"""An artifact's dtypes as the Open Inference Protocol names them; Triton's configuration puts ``TYPE_`` before."""
SCHEMA_VERSION = 1
MANIFEST = "edgelm.json"
_PROOF_ONLY = ("golden/", QUANTIZATION)
REPORTS = ("report.json", "report.md", "report.html")
_KEYS = (
    "model",
    "task",
    "labels",
    "target",
    "precision",
    "scheme",
    "rewrites",
    "max_length",
    "lengths",
    "artifact",
    "tokenizer",
    "decode",
    "source",
    "files",
)
"""What every reader of a manifest relies on."""
_FULL_OR_FORBIDDEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
"""What a disk may say in the middle of writing; any other OSError there is a bug."""
_NEARLY_FULL_BYTES = 1 << 20


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk: its folder and its manifest."""

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Read and check the manifest; UsageError when the folder is no bundle, is newer, or misses a file."""
        if not (path / MANIFEST).is_file():
            raise UsageError(
                f"{path} is no bundle: it has no {MANIFEST}.", hint="Make one: edgelm export MODEL --target T"
            )
        manifest = read_json(path / MANIFEST)
        version = manifest.get("schema_version")
        if version != SCHEMA_VERSION:
            raise UsageError(
                f"{path} has schema version {version}; this edgelm reads {SCHEMA_VERSION}.",
                hint="Update edgelm: pip install -U edgelm",
            )
        absent = [key for key in _KEYS if key not in manifest]
        if absent:
            raise UsageError(f"{path / MANIFEST} has no {absent[0]!r}; it is damaged.", hint="Export it again.")
        missing = [name for name in manifest["files"] if not (path / name).is_file()]
        if missing:
            raise UsageError(f"{path} lacks {missing[0]}, which its manifest lists.", hint="Export it again.")
        return cls(path, manifest)

    @property
    def scheme(self) -> Scheme:
        """How its weights and activations are stored and computed; UsageError where the manifest does not say it."""
        try:
            found = dict(self.manifest["scheme"])
            return Scheme(**{**found, "float_tensors": tuple(found.get("float_tensors", ()))})
        except (TypeError, ValueError):
            raise UsageError(f"{self.path / MANIFEST} has no whole scheme.", hint="Export it again.") from None

    @property
    def shipped(self) -> list[str]:
        """The files an app needs: not those that only prove the bundle."""
        return [name for name in self.manifest["files"] if not name.startswith(_PROOF_ONLY)]

    @property
    def changed(self) -> list[str]:
        """The files whose digest is not the manifest's."""
        return [name for name, entry in self.manifest["files"].items() if sha256(self.path / name) != entry["sha256"]]

    def verify(self) -> None:
        """UsageError when a file's digest is not the manifest's."""
        if changed := self.changed:
            raise UsageError(f"{self.path / changed[0]} was changed since the export.", hint="Export it again.")

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Name, dtype and shape of each of the model's inputs."""
        return tuple(TensorSpec(**spec) for spec in self.manifest["artifact"]["inputs"])

    @property
    def size_bytes(self) -> int:
        """Bytes an app ships: the model, the tokenizer and the manifest; not what proves them, not the reports."""
        return sum((self.path / name).stat().st_size for name in (*self.shipped, MANIFEST))


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Readable JSON with a final newline; the same content gives the same bytes."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_manifest(directory: Path, manifest: Mapping[str, Any]) -> Bundle:
    """Write ``edgelm.json`` with the digest and size of every file beside it, and open the bundle."""
    names = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    files = {
        name: {"sha256": sha256(directory / name), "bytes": (directory / name).stat().st_size}
        for name in names
        if name not in (MANIFEST, *REPORTS)
    }
    write_json(directory / MANIFEST, {"schema_version": SCHEMA_VERSION, **manifest, "files": files})
    return Bundle.open(directory)


@contextmanager
def staging(final: Path) -> Iterator[Path]:
    """A folder beside ``final`` to write in; removed at the end unless ``publish`` moved it.

    UsageError when it cannot be written. What this made and no bundle came to stand in is gone again at the end.
    """
    for place in (final, _rejected(final)):
        check_replaceable(place)
    parents = [folder for folder in (final.parent, *final.parent.parents) if not folder.exists()]
    # No process id in the name: in a container every run has the same, the one that was killed too.
    partial = final.parent / f".{final.name}.{uuid4().hex[:8]}.partial"
    try:
        with _writing(final.parent):
            partial.mkdir(parents=True)
        with _writing(final.parent, _FULL_OR_FORBIDDEN):
            yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in parents:
            with suppress(OSError):  # not empty: a bundle stands in it
                folder.rmdir()


@contextmanager
def _writing(folder: Path, numbers: Collection[int] = tuple(errno.errorcode)) -> Iterator[None]:
    """UsageError in place of an OSError of those numbers, and of what vendors' C++ writers say of a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise
        reason = error.strerror or str(error)
    except RuntimeError:
        if shutil.disk_usage(folder).free > _NEARLY_FULL_BYTES:
            raise
        reason = "no space left on device"
    else:
        return
    raise UsageError(f"Cannot write to {folder}: {reason}.", hint="Choose another --output.")


def publish(partial: Path, final: Path, *, accepted: bool) -> Path:
    """Move a finished folder to its place: ``final`` when accepted, else ``<final>.rejected``; returns where it went.

    An accepted bundle replaces an older one and an older rejected one; a rejected bundle leaves an accepted one alone.
    """
    place = final if accepted else _rejected(final)
    exchange(partial, place)
    if accepted:
        shutil.rmtree(_rejected(final), ignore_errors=True)
    return place


def exchange(partial: Path, place: Path) -> None:
    """Move a finished folder to its place; an older one there is gone then, or back where this cannot be done."""
    old = place.with_name(f".{place.name}.{uuid4().hex[:8]}.old")
    try:
        if place.exists():
            place.rename(old)
        partial.rename(place)
    except BaseException:
        if old.exists() and not place.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def check_replaceable(path: Path) -> None:
    """UsageError when something that is no bundle stands where a bundle would go, or when that cannot be seen."""
    with _writing(path.parent):
        is_free = not path.exists() or (path / MANIFEST).is_file() or (path.is_dir() and not any(path.iterdir()))
    if not is_free:
        raise UsageError(f"{path} exists and is no bundle; it is left alone.", hint="Choose another --output.")


def _rejected(final: Path) -> Path:
    return final.with_name(f"{final.name}.rejected")
