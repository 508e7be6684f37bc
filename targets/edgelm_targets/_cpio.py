"""Writes cpio archives of the kind the Linux kernel unpacks as its first file system ("newc")."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO


class Cpio:
    """An archive that is being written; the same files give the same bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._count = 0
        self._folders: set[str] = set()

    def add_tree(self, path: Path, name: str) -> None:
        """A file, a link, or a folder with all that is in it; names in order."""
        for found, own in _walk(path, name):
            status = found.lstat()
            if found.is_symlink():
                self.add(own, 0o120777, str(found.readlink()).encode())
            elif found.is_dir():
                self._add_folder(own)
            else:
                mode = 0o100755 if status.st_mode & 0o100 else 0o100644
                self.add(own, mode, found.read_bytes(), int(status.st_mtime))

    def add(self, name: str, mode: int, content: bytes, mtime: int = 0) -> None:
        """One entry, after the folders it lies in. Compiled modules are valid for the mtime of their source."""
        parent = str(Path(name).parent)
        if parent != ".":
            self._add_folder(parent)
        self._write(name, mode, content, mtime)

    def end(self) -> None:
        """The trailer that closes an archive."""
        self._write("TRAILER!!!", 0, b"", 0)

    def _add_folder(self, name: str) -> None:
        for folder in [*reversed(Path(name).parents), Path(name)]:
            if str(folder) not in {".", *self._folders}:
                self._folders.add(str(folder))
                self._write(str(folder), 0o40755, b"", 0)

    def _write(self, name: str, mode: int, content: bytes, mtime: int) -> None:
        self._count += 1
        encoded = name.encode() + b"\0"
        fields = (self._count, mode, 0, 0, 1, mtime, len(content), 0, 0, 0, 0, len(encoded), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._file.write(header + encoded + bytes(-(len(header) + len(encoded)) % 4))
        self._file.write(content + bytes(-len(content) % 4))


def _walk(path: Path, name: str) -> Iterator[tuple[Path, str]]:
    yield path, name
    if path.is_dir() and not path.is_symlink():
        for child in sorted(path.iterdir()):
            yield from _walk(child, f"{name}/{child.name}")
