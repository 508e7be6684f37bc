"""`edgelm app`: whole projects with the user's bundles and names in them, or a message and nothing."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from edgelm import apps, kits
from edgelm.apps import APPS, RECORD, Made
from edgelm.bundle import MANIFEST, Bundle, sha256
from edgelm.cli import main

from .conftest import bundle_for

Project = Callable[..., Made]
EVERY_APP = pytest.mark.parametrize("app", APPS)
ODD_NAME = """Tom's "A & <b>" 词? \\n"""
SOURCES = {
    "android": ("settings.gradle.kts", "gradlew", "app/src/main/AndroidManifest.xml", "core/build.gradle.kts"),
    "ios": ("EdgeLM/Package.swift", "EdgeLMDemo/EdgeLMDemo.xcodeproj/project.pbxproj"),
    "web": ("index.html", "build.mjs", "serve.mjs", "package-lock.json", "edgelm/package.json"),
}
ONLY_THE_REPOSITORYS = {
    "android": ("native", "webview", "apk", "build_apk.sh", "toolchain.sh"),
    "ios": ("build.sh", "toolchain.sh"),
    "web": ("screenshot.mjs", "measure.mjs", "edgelm/test", "edgelm/driver.js"),
}


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- what is made ------------------------------------------------------------------------------------------------------


@EVERY_APP
def test_a_project_holds_the_kit_and_the_whole_bundle(app: str, project: Project, bundles: Path) -> None:
    path = project(app).request.output
    copied = Bundle.open(path / APPS[app].bundles / "tagger")
    copied.verify()
    original = Bundle.open(bundle_for(app, bundles))
    assert copied.manifest == original.manifest
    found = content(path)
    for name in SOURCES[app]:
        assert name in found
    for name in ONLY_THE_REPOSITORYS[app]:
        assert not (path / name).exists()
        assert (kits.place(APPS[app].kit) / name).exists()
    assert f"`{APPS[app].bundles}/tagger`" in found["README.md"].decode()
    assert b"Apache License" in found["LICENSE"]


@EVERY_APP
def test_the_record_names_every_file_by_its_digest(app: str, project: Project) -> None:
    made = project(app)
    path = made.request.output
    record = json.loads((path / RECORD).read_text("utf-8"))
    assert record["files"] == {name: sha256(path / name) for name in content(path) if name != RECORD}
    assert record["bundles"]["tagger"]["task"] == "token-classification"
    assert made.files == len(record["files"]) + 1


@EVERY_APP
def test_the_same_request_gives_the_same_bytes(app: str, project: Project) -> None:
    settings = {"name": "Reader"} if app == "web" else {"name": "Reader", "id": "org.example.reader"}
    first = content(project(app, **settings).request.output)
    assert content(project(app, **settings).request.output) == first


@EVERY_APP
def test_a_script_stays_executable(app: str, project: Project) -> None:
    path, kit = project(app).request.output, kits.place(APPS[app].kit)
    for name in kits.files(kit):
        if (path / name).exists():
            assert (path / name).stat().st_mode & 0o111 == (kit / name).stat().st_mode & 0o111


def test_android_is_named_in_every_language_and_has_its_id(project: Project) -> None:
    path = project("android", name="词 & Reader", id="org.example.reader").request.output
    strings = [*(path / "app/src/main/res").glob("values*/strings.xml")]
    names = [found.text for one in strings for found in ElementTree.parse(one).iterfind("string[@name='app_name']")]
    assert names == ["词 & Reader"] * len(names) != []
    assert 'applicationId = "org.example.reader"' in (path / "app/build.gradle.kts").read_text("utf-8")
    assert 'rootProject.name = "reader"' in (path / "settings.gradle.kts").read_text("utf-8")


def test_a_page_is_named_and_builds_with_its_bundles(project: Project, bundles: Path) -> None:
    path = project("web", f"second={bundles / 'onnx'}", name=ODD_NAME).request.output
    texts = Texts()
    texts.feed((path / "index.html").read_text("utf-8"))
    assert texts.found == {"title": ODD_NAME, "h1": ODD_NAME}
    package = json.loads((path / "package.json").read_text("utf-8"))
    lock = json.loads((path / "package-lock.json").read_text("utf-8"))
    assert package["name"] == lock["name"] == lock["packages"][""]["name"] == "tom-s-a-b-n"
    assert package["scripts"] == {
        "build": "node build.mjs --bundle tagger=bundles/tagger --bundle second=bundles/second --out dist",
        "start": "node serve.mjs dist",
    }
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    assert "devDependencies" not in package
    assert not [name for name, entry in lock["packages"].items() if entry.get("dev")]


class Texts(HTMLParser):
    """The texts of a page's title and heading."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("title", "h1") else ""

    def handle_endtag(self, _: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[self._inside] = self.found.get(self._inside, "") + data


def test_ios_is_named_and_has_its_identifier(project: Project) -> None:
    path = project("ios", name=ODD_NAME, id="org.example.reader-2").request.output
    settings = (path / "EdgeLMDemo/EdgeLMDemo.xcodeproj/project.pbxproj").read_text("utf-8")
    identifiers = re.findall(r"PRODUCT_BUNDLE_IDENTIFIER = (.*);", settings)
    assert sorted(identifiers) == ['"org.example.reader-2"'] * 2 + ['"org.example.reader-2.tests"'] * 2
    names = re.findall(r"INFOPLIST_KEY_CFBundleDisplayName = (.*);", settings)
    assert [json.loads(name) for name in names] == [ODD_NAME] * 2  # a quoted string of a project is one of JSON here
    assert settings.count("{") == settings.count("}")


def test_a_bundle_without_a_name_is_called_by_what_it_is(bundles: Path, tmp_path: Path) -> None:
    assert main(["app", "web", str(bundles / "onnx"), str(bundles / "tflite"), "-o", str(tmp_path / "web")]) == 0
    model = Bundle.open(bundles / "onnx").manifest["model"].rpartition("/")[2]
    names = sorted(path.name for path in (tmp_path / "web" / "bundles").iterdir())
    assert names == [f"{model}-onnx-fp32", f"{model}-tflite-fp32"]


def test_json_says_what_was_made_and_what_to_do(
    bundles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["app", "web", f"a={bundles / 'onnx'}", "-o", str(tmp_path / "w"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bundles"] == {"a": str(bundles / "onnx")}
    assert found["next"] == ["npm ci", "npm run build", "npm start"]
    assert found["files"] == len(content(tmp_path / "w"))
    assert found["bytes"] == sum(len(value) for name, value in content(tmp_path / "w").items() if name != RECORD)


def test_the_command_prints_the_next_steps(bundles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "android", str(bundles / "tflite"), "-o", str(tmp_path / "a")]) == 0
    assert "./gradlew installDebug" in capsys.readouterr().out


def test_a_kit_has_nothing_of_what_was_made_of_it(tmp_path: Path) -> None:
    for name in ("a.kt", "src/b.kt", "build/c.jar", "src/node_modules/d/e.js", ".gradle/f", "src/.DS_Store"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [*kits.files(tmp_path)] == ["a.kt", "src/b.kt"]


# -- what is refused ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """A command, ``{bundles}`` and ``{out}`` filled in, and what it is answered."""

    arguments: str
    code: int
    said: str


REFUSALS = {
    "nothing": Refusal("web -o {out}", 2, "No BUNDLE given. Make one: edgelm export MODEL --target tflite"),
    "no bundle": Refusal("web {out} -o {out}/x", 2, "is no bundle"),
    "a path for a name": Refusal("web ../x={bundles}/onnx -o {out}", 2, "is no bundle"),
    "a hidden name": Refusal("web .x={bundles}/onnx -o {out}", 2, "is no bundle"),
    "coreml on android": Refusal(
        "android {bundles}/coreml -o {out}",
        2,
        "run tflite and onnx bundles. Export one: edgelm export MODEL --target android",
    ),
    "onnx on ios": Refusal(
        "ios {bundles}/onnx -o {out}", 2, "run coreml bundles. Export one: edgelm export MODEL --target ios"
    ),
    "coreml on the web": Refusal("web {bundles}/coreml -o {out}", 2, "edgelm export MODEL --target tflite"),
    "one name for two": Refusal(
        "web a={bundles}/onnx a={bundles}/tflite -o {out}", 2, "Two bundles would be called a. Name one of them"
    ),
    "an id for a page": Refusal("web {bundles}/onnx -o {out} --id org.example.a", 2, "--id does not go with web"),
    "one part": Refusal("android {bundles}/onnx -o {out} --id reader", 2, "'reader' is no application id"),
    "a keyword": Refusal("android {bundles}/onnx -o {out} --id org.new.reader", 2, "is no application id"),
    "a hyphen": Refusal("android {bundles}/onnx -o {out} --id org.ex-ample.reader", 2, "is no application id"),
    "a digit": Refusal("android {bundles}/onnx -o {out} --id org.1st.reader", 2, "is no application id"),
    "a path for an id": Refusal("ios {bundles}/coreml -o {out} --id ../../x", 2, "is no application id"),
    "an underscore": Refusal("ios {bundles}/coreml -o {out} --id org.example.a_b", 2, "is no application id"),
    "long": Refusal("android {bundles}/onnx -o {out} --id org." + "a" * 150, 2, "is no application id"),
    "no name": Refusal("web {bundles}/onnx -o {out} --name=", 2, "is no name for an app"),
    "two lines": Refusal("web {bundles}/onnx -o {out} --name=a\nb", 2, "is no name for an app"),
    "a long name": Refusal("web {bundles}/onnx -o {out} --name=" + "a" * 51, 2, "is no name for an app"),
    "a build setting": Refusal("ios {bundles}/coreml -o {out} --name=$(HOME)", 2, "is no name for an app"),
    "another app": Refusal("desktop {bundles}/onnx -o {out}", 2, "desktop"),
    "inside the bundle": Refusal("web {bundles}/onnx -o {bundles}/onnx/app", 2, "lies in the bundle"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    refusal: Refusal, bundles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"bundles": bundles, "out": tmp_path / "out"}
    before = content(bundles)
    assert main(["app", *(word.format(**places) for word in refusal.arguments.split(" "))]) == refusal.code
    assert refusal.said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert content(bundles) == before


def altered(bundle: Path, place: Path, **manifest: Any) -> Path:
    shutil.copytree(bundle, place)
    found = json.loads((place / MANIFEST).read_text("utf-8"))
    (place / MANIFEST).write_text(json.dumps({**found, **manifest}), "utf-8")
    return place


def test_a_bundle_that_was_changed(bundles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = altered(bundles / "onnx", tmp_path / "changed")
    with (bundle / "tokenizer.json").open("a") as file:
        file.write(" ")
    assert main(["app", "web", str(bundle), "-o", str(tmp_path / "out")]) == 2
    assert "tokenizer.json was changed since the export." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_task_that_no_kit_reads(bundles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = altered(bundles / "onnx", tmp_path / "other", task="translation")
    assert main(["app", "web", str(bundle), "-o", str(tmp_path / "out")]) == 4
    assert "the task 'translation', which no kit reads. They read: text-classification" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname"])
def test_a_file_outside_the_bundle(
    bundles: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outside.txt").write_text("secret")
    bundle = altered(bundles / "onnx", tmp_path / "bundle", files={name: {"sha256": "", "bytes": 0}})
    assert main(["app", "web", str(bundle), "-o", str(tmp_path / "out")]) == 2
    assert "lies outside it" in capsys.readouterr().err


# -- where it goes -----------------------------------------------------------------------------------------------------


def test_an_empty_folder_and_an_own_unchanged_project_are_replaced(project: Project, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    project("web")
    (tmp_path / "web" / "node_modules").mkdir()  # as npm leaves it
    path = project("web", name="Other").request.output
    assert "<title>Other</title>" in (path / "index.html").read_text("utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["web"]


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_project_that_was_worked_on_is_left_alone(
    project: Project, bundles: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project("web").request.output
    if change == "removed":
        (path / "icon.svg").unlink()
    else:
        (path / ("index.html" if change == "edited" else "new.html")).write_text("mine")
    before = content(path)
    assert main(["app", "web", str(bundles / "onnx"), "-o", str(path)]) == 2
    assert "was changed since it was generated" in capsys.readouterr().err
    assert content(path) == before


def test_another_folder_is_left_alone(bundles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    for place in (tmp_path / "thesis", bundles / "onnx", tmp_path / "thesis" / "chapter.txt"):
        assert main(["app", "web", str(bundles / "tflite"), "-o", str(place)]) == 2
        assert "is no project of `edgelm app`; it is left alone" in capsys.readouterr().err
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "mine"


def test_a_full_disk_leaves_nothing_and_what_was_there(
    project: Project,
    bundles: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = content(project("web").request.output)
    copied: list[object] = []

    def fill(source: Path, place: Path) -> None:
        copied.append(source)
        if len(copied) > 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        shutil.copyfile(source, place)

    monkeypatch.setattr(apps.shutil, "copy", fill)
    assert main(["app", "web", str(bundles / "onnx"), "-o", str(tmp_path / "web")]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert main(["app", "web", str(bundles / "onnx"), "-o", str(tmp_path / "deep" / "er")]) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["web"]
    assert content(tmp_path / "web") == before


def test_what_others_put_beside_a_project_that_fails_stays(
    bundles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent folder was made for the project; by the time it fails somebody else has a file there."""
    place = tmp_path / "new" / "deeper" / "project"

    def fill(*_: object) -> None:
        (place.parent / "notes.txt").write_text("mine")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(apps.shutil, "copy", fill)
    assert main(["app", "web", str(bundles / "onnx"), "-o", str(place)]) == 2
    assert [path.name for path in place.parent.iterdir()] == ["notes.txt"]
