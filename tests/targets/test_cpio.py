"""The first file system of the emulated machine, read back as the kernel's documentation describes it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from edgelm_targets._cpio import Cpio

Entry = tuple[int, int, bytes]
"""Mode, time of change, content."""


def entries(archive: bytes) -> dict[str, Entry]:
    """Every entry by its name, in order; the archive must end with its trailer."""
    found: dict[str, Entry] = {}
    place = 0
    while True:
        assert archive[place : place + 6] == b"070701"
        fields = [int(archive[place + 6 + 8 * i : place + 14 + 8 * i], 16) for i in range(13)]
        mode, mtime, size, name_size = fields[1], fields[5], fields[6], fields[11]
        start = place + 110
        name = archive[start : start + name_size - 1].decode()
        content = start + name_size + -(110 + name_size) % 4
        place = content + size + -size % 4
        if name == "TRAILER!!!":
            assert place == len(archive)
            return found
        assert name not in found
        found[name] = (mode, mtime, archive[content : content + size])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "empty").mkdir(parents=True)
    (root / "a" / "b").mkdir(parents=True)
    for name, content in {"a/b/odd": b"12345", "a/none": b"", "a/tool": b"#!/bin/sh\n"}.items():
        (root / name).write_bytes(content)
        os.utime(root / name, (1, 1_700_000_000))
    (root / "a" / "tool").chmod(0o755)
    (root / "a" / "link").symlink_to("b/odd")
    (root / "a" / "broken").symlink_to("not there")
    return root


def written(tree: Path) -> bytes:
    file = io.BytesIO()
    archive = Cpio(file)
    archive.add_tree(tree, "usr/lib")
    archive.add("usr/init", 0o100755, b"init")
    archive.end()
    return file.getvalue()


def test_everything_is_there_after_the_folder_it_lies_in(tree: Path) -> None:
    found = entries(written(tree))
    assert found["usr/lib/a/b/odd"] == (0o100644, 1_700_000_000, b"12345")
    assert found["usr/lib/a/none"][2] == b""
    assert found["usr/lib/a/tool"][0] == 0o100755
    assert found["usr/lib/a/link"] == (0o120777, 0, b"b/odd")
    assert found["usr/lib/a/broken"][2] == b"not there"
    assert found["usr/lib/empty"][0] == 0o40755
    assert found["usr/init"] == (0o100755, 0, b"init")
    names = list(found)
    for i, name in enumerate(names):
        assert all(str(folder) in [".", *names[:i]] for folder in Path(name).parents)


def test_the_same_files_give_the_same_bytes(tree: Path) -> None:
    assert written(tree) == written(tree)
