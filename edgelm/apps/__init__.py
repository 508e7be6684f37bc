"""A project with the user's own bundles in it, ready for Android Studio, Xcode or npm: a copy of the kit's demo app."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

import edgelm
from edgelm import kits, registry
from edgelm.apps import android, ios, web
from edgelm.apps.identity import Identity, check_id, check_name
from edgelm.bundle import MANIFEST, Bundle, exchange, sha256, write_json
from edgelm.checkpoint import read_json
from edgelm.errors import UnsupportedError, UsageError
from edgelm.types import TASKS

SCHEMA_VERSION = 1
RECORD = "edgelm-app.json"
"""In every generated project: what it was made of, and the digest of every file as it was generated."""
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)", re.DOTALL)
_README = "README.md"


@dataclass(frozen=True)
class App:
    """One kind of app, and how its project is made of the kit's demo."""

    name: str
    kit: str
    left_out: tuple[str, ...]
    """Patterns of the kit's files that only its own repository needs."""
    bundles: str
    """The folder that the app looks for bundles in."""
    formats: tuple[str, ...]
    """The converters whose files its runtimes read."""
    target: str
    """What to export for it."""
    edit: Callable[[Path, Identity, Sequence[str]], None]
    """Writes the app's name and id, and what it must know of the bundles of these names, into a copied project."""
    steps: tuple[str, ...]
    """What to do next, in the project's folder."""
    is_id: Callable[[str], bool] | None
    """Whether it can be the application's id; None of an app that has none."""


APPS: Mapping[str, App] = {
    app.name: app
    for app in (
        App(
            "android",
            "android_demo",
            ("README.md", "native/*", "webview/*", "apk/*", "build_apk.sh", "toolchain.sh"),
            "app/src/main/assets/bundles",
            ("tflite", "onnx"),
            "android",
            android.edit,
            ("Open this folder in Android Studio and press Run, or: ./gradlew installDebug",),
            android.is_id,
        ),
        App(
            "ios",
            "ios_demo",
            ("README.md", "build.sh", "toolchain.sh", "EdgeLMDemo/Bundles/*"),
            "EdgeLMDemo/Bundles",
            ("coreml",),
            "ios",
            ios.edit,
            (
                "open EdgeLMDemo/EdgeLMDemo.xcodeproj",
                "In Xcode choose a team under Signing, then a device, and press Run",
            ),
            ios.is_id,
        ),
        App(
            "web",
            "web_demo",
            ("README.md", "measure.mjs", "screenshot.mjs", "edgelm/driver.js", "edgelm/test/*"),
            "bundles",
            ("tflite", "onnx"),
            "tflite",
            web.edit,
            ("npm ci", "npm run build", "npm start"),
            None,
        ),
    )
}


@dataclass(frozen=True)
class AppRequest:
    """What project is asked for."""

    app: App
    bundles: tuple[str, ...]
    """``BUNDLE`` or ``NAME=BUNDLE``."""
    output: Path
    name: str | None = None
    """Under the app's icon; None: the demo's own."""
    id: str | None = None
    """Of the application; None: the demo's own."""


@dataclass(frozen=True)
class Made:
    """A project that was made."""

    request: AppRequest
    bundles: Mapping[str, Bundle]
    files: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "app": self.request.app.name,
            "path": str(self.request.output),
            "name": self.request.name,
            "id": self.request.id,
            "bundles": {name: str(bundle.path) for name, bundle in self.bundles.items()},
            "files": self.files,
            "bytes": self.bytes,
            "next": list(self.request.app.steps),
        }


def make(request: AppRequest) -> Made:
    """Write the project, whole or not at all; the same request gives the same bytes.

    UsageError where a bundle is not one for this app or was changed, where a name or the id is none, or where something
    else stands in the project's place; ToolchainError where this edgelm came without the kits.
    """
    identity = _identity(request)
    bundles = _opened(request)
    place = request.output.resolve()
    for bundle in bundles.values():
        if place.is_relative_to(bundle.path.resolve()):
            raise UsageError(f"{request.output} lies in the bundle {bundle.path}.", hint="Choose another --output.")
    with _building(place, request.output) as partial:
        _copy_kit(request.app, partial)
        for name, bundle in bundles.items():
            _copy_bundle(bundle, partial / request.app.bundles / name)
        request.app.edit(partial, identity, tuple(bundles))
        (partial / _README).write_text(_readme(request, identity, bundles), "utf-8")
        written = {name: sha256(partial / name) for name in kits.files(partial)}
        write_json(partial / RECORD, {**_record(request, identity, bundles), "files": written})
        size = sum((partial / name).stat().st_size for name in written)
    return Made(request, bundles, len(written) + 1, size)


# -- what was asked ----------------------------------------------------------------------------------------------------


def _identity(request: AppRequest) -> Identity:
    app = request.app
    if request.name is not None:
        check_name(request.name)
    if request.id is not None:
        if app.is_id is None:
            raise UsageError(f"--id does not go with {app.name}: a page has no application id.")
        check_id(request.id, app.is_id)
    return Identity(request.name, request.id)


def _opened(request: AppRequest) -> dict[str, Bundle]:
    """The bundles by the names they have in the app; each verified and of a format and a task that the kit reads."""
    if not request.bundles:
        raise UsageError("No BUNDLE given.", hint=f"Make one: edgelm export MODEL --target {request.app.target}")
    found: dict[str, Bundle] = {}
    for argument in request.bundles:
        given, path = _split(argument)
        bundle = Bundle.open(path)
        _check_suits(bundle, request.app)
        bundle.verify()
        name = given or _own_name(bundle)
        if name in found:
            raise UsageError(f"Two bundles would be called {name}.", hint=f"Name one of them: other={path}")
        found[name] = bundle
    return found


def _split(argument: str) -> tuple[str, Path]:
    """The name, or nothing, and the folder. A folder whose own name holds ``=`` is a folder."""
    match = _NAMED.fullmatch(argument)
    if match is None or Path(argument).exists():
        return "", Path(argument)
    return match[1], Path(match[2])


def _own_name(bundle: Bundle) -> str:
    """As web_demo's build names it: the model, the target and the precision."""
    manifest = bundle.manifest
    model = str(manifest["model"]).rstrip("/").rpartition("/")[2]
    told = f"{model}-{manifest['target']}-{manifest['precision']}"
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", told).strip("-._") or "bundle"  # aapt leaves out what begins so


def _check_suits(bundle: Bundle, app: App) -> None:
    target = registry.target(bundle.manifest["target"])
    if target.converter not in app.formats:
        raise UsageError(
            f"{bundle.path} is a bundle of {target.name}; {app.name} apps run {' and '.join(app.formats)} bundles.",
            hint=f"Export one: edgelm export MODEL --target {app.target}",
        )
    task = bundle.manifest["task"]
    if task not in TASKS:
        raise UnsupportedError(
            f"{bundle.path} is a bundle of the task {task!r:.60}, which no kit reads.",
            hint=f"They read: {', '.join(TASKS)}.",
        )
    strange = [name for name in bundle.manifest["files"] if Path(name).is_absolute() or ".." in Path(name).parts]
    if strange:
        raise UsageError(f"{bundle.path} lists {strange[0]}, which lies outside it.", hint="Export it again.")


# -- writing -----------------------------------------------------------------------------------------------------------


def _copy_kit(app: App, project: Path) -> None:
    kit = kits.place(app.kit)
    for name in kits.files(kit):
        if not any(fnmatch(name, pattern) for pattern in app.left_out):
            _copy(kit / name, project / name)
    _copy(kits.place("LICENSE"), project / "LICENSE")


def _copy_bundle(bundle: Bundle, place: Path) -> None:
    """What the manifest lists, and no report: kits verify all of it, and self-tests need the golden files."""
    for name in (MANIFEST, *bundle.manifest["files"]):
        _copy(bundle.path / name, place / name)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, place)


def _readme(request: AppRequest, identity: Identity, bundles: Mapping[str, Bundle]) -> str:
    template = (files("edgelm.apps") / "templates" / f"{request.app.name}.md").read_text("utf-8")
    rows = [
        f"| `{request.app.bundles}/{name}` | {bundle.manifest['model']} | {bundle.manifest['task']} "
        f"| {bundle.manifest['target']} {bundle.manifest['precision']} | {bundle.size_bytes / 1e6:.1f} MB |"
        for name, bundle in bundles.items()
    ]
    return Template(template).substitute(
        name=identity.name or "edgelm", folder=request.app.bundles, bundles="\n".join(rows), target=request.app.target
    )


def _record(request: AppRequest, identity: Identity, bundles: Mapping[str, Bundle]) -> dict[str, Any]:
    keys = ("model", "task", "target", "precision", "source")
    return {
        "schema_version": SCHEMA_VERSION,
        "app": request.app.name,
        "edgelm": edgelm.__version__,
        "name": identity.name,
        "id": identity.id,
        "bundles": {name: {key: bundle.manifest[key] for key in keys} for name, bundle in bundles.items()},
    }


@contextmanager
def _building(place: Path, told: Path) -> Iterator[Path]:
    """A folder beside ``place`` to fill, which takes its place when nothing went wrong and is removed otherwise."""
    _check_replaceable(place, told)
    made = [folder for folder in (place.parent, *place.parent.parents) if not folder.exists()]
    partial = place.parent / f".{place.name}.{uuid4().hex[:8]}.partial"
    try:
        partial.mkdir(parents=True)
        yield partial
        exchange(partial, place)
    except OSError as error:
        raise UsageError(
            f"Cannot write to {told}: {error.strerror or error}.", hint="Choose another --output."
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # not empty: the project, or what somebody else put there
                folder.rmdir()


def _check_replaceable(place: Path, told: Path) -> None:
    """UsageError where something else stands there, or a project of ours that was worked on since."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / RECORD).is_file() or read_json(place / RECORD).get("app") not in APPS:
        raise UsageError(f"{told} exists and is no project of `edgelm app`; it is left alone.", hint=_ELSEWHERE)
    recorded = read_json(place / RECORD).get("files")
    before = recorded if isinstance(recorded, Mapping) else {}
    now = {name: place / name for name in kits.files(place) if name != RECORD}
    changed = [name for name, path in now.items() if before.get(name) != sha256(path)]
    changed += sorted(before.keys() - now.keys())
    if changed:
        raise UsageError(
            f"{told} was changed since it was generated ({changed[0]}); it is left alone.",
            hint=f"{_ELSEWHERE} Or put the bundle into it by hand: README.md there says where.",
        )


_ELSEWHERE = "Choose another --output."
