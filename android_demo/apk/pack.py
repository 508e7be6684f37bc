"""Puts an app's resources, code and page into one unsigned APK: the same files give the same bytes.

    python3 pack.py base.apk classes.dex PAGE OUT.apk      # write OUT.apk
    python3 pack.py --sizes OUT.apk                        # how large each part of a finished APK is

Standard library only: it runs on any Python 3.9 or newer.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip file's first moment; an APK's times say nothing
_PAGE = "assets/web/"  # Site.FOLDER reads it from here
_STORED = (".arsc",)  # Android 11 and newer refuse a compressed resource table (target API 30)
_PARTS = (
    ("code (dex)", ("classes.dex",)),
    ("resources and manifest", ("res/", "resources.arsc", "AndroidManifest.xml")),
    ("runtime (vendor)", (f"{_PAGE}vendor/",)),
    ("bundles", (f"{_PAGE}bundles/",)),
    ("page and JavaScript kit", (_PAGE,)),
    ("other", ("",)),
)


def pack(base: Path, dex: Path, page: Path, out: Path) -> None:
    """Write the entries in order of their names, with one time and one way of compressing."""
    with zipfile.ZipFile(base) as resources:
        entries = {name: resources.read(name) for name in resources.namelist()}
    entries["classes.dex"] = dex.read_bytes()
    for path in sorted(page.rglob("*")):
        if path.is_file():
            entries[_PAGE + path.relative_to(page).as_posix()] = path.read_bytes()
    with zipfile.ZipFile(out, "w") as apk:
        for name, content in sorted(entries.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # else it names the system that packs
            kind = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
            apk.writestr(entry, content, compress_type=kind, compresslevel=9)


def sizes(apk: Path) -> str:
    """A table: files, bytes as Android reads them, and bytes in the APK, of each part."""
    found = {name: [0, 0, 0] for name, _ in _PARTS}
    with zipfile.ZipFile(apk) as archive:
        for entry in archive.infolist():
            part = next(name for name, prefixes in _PARTS if entry.filename.startswith(prefixes))
            for i, count in enumerate((1, entry.file_size, entry.compress_size)):
                found[part][i] += count
    total = apk.stat().st_size
    packed = sum(counts[2] for counts in found.values())
    rows = [(name, str(n), _kb(size), _kb(in_apk)) for name, (n, size, in_apk) in found.items() if n]
    rows += [("zip directory, alignment, signature", "", "", _kb(total - packed)), ("APK", "", "", _kb(total))]
    lines = [f"{'part':<36} {'files':>6} {'kB':>10} {'kB in APK':>10}"]
    return "\n".join(lines + [f"{name:<36} {n:>6} {size:>10} {in_apk:>10}" for name, n, size, in_apk in rows])


def _kb(size: int) -> str:
    return f"{size / 1000:.1f}"


if __name__ == "__main__":
    if sys.argv[1] == "--sizes":
        print(sizes(Path(sys.argv[2])))
    else:
        pack(*map(Path, sys.argv[1:5]))
