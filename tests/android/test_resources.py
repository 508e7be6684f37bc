"""The two apps' resources and manifests: two languages, two themes, readable by everybody, and no permission."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from .resources import ANDROID, colors, contrast, placeholders, strings

DEMO = Path(__file__).parents[2] / "android_demo"
APPS = {"app": DEMO / "app/src/main", "webview": DEMO / "webview"}
LAYOUTS = sorted((DEMO / "app/src/main/res/layout").glob("*.xml"))


@pytest.mark.parametrize("app", APPS)
def test_every_text_is_in_english_and_chinese_with_the_same_places_for_values(app: str) -> None:
    resources = APPS[app] / "res"
    english, chinese = strings(resources / "values"), strings(resources / "values-zh")
    assert english.keys() == chinese.keys()
    assert {name: placeholders(text) for name, text in english.items()} == {
        name: placeholders(text) for name, text in chinese.items()
    }


@pytest.mark.parametrize("app", APPS)
def test_the_app_asks_for_no_permission(app: str) -> None:
    root = ElementTree.parse(APPS[app] / "AndroidManifest.xml").getroot()
    assert not [item.tag for item in root.iter() if "permission" in item.tag]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda path: path.name)
def test_layouts_take_every_text_from_the_resources(layout: Path) -> None:
    texts = [
        item.attrib[ANDROID + name]
        for item in ElementTree.parse(layout).iter()
        for name in ("text", "hint", "contentDescription")
        if ANDROID + name in item.attrib
    ]
    assert [text for text in texts if not text.startswith("@string/")] == []


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda path: path.name)
def test_every_control_has_a_label_and_is_large_enough_for_a_finger(layout: Path) -> None:
    items = list(ElementTree.parse(layout).iter())
    labelled = {item.attrib.get(ANDROID + "labelFor", "").removeprefix("@+id/") for item in items}
    for item in items:
        name = item.attrib.get(ANDROID + "id", "").removeprefix("@+id/").removeprefix("@id/")
        if item.tag in ("EditText", "Spinner"):
            assert name in labelled, name
        if item.tag in ("Button", "Spinner"):
            assert item.attrib.get(ANDROID + "minHeight") == "48dp", name


@pytest.mark.parametrize(("folder", "text"), [("values", "#202124"), ("values-night", "#e8eaed")])
def test_text_on_every_colour_is_readable(folder: str, text: str) -> None:
    found = colors(APPS["app"] / "res" / folder)
    marks = [value for name, value in found.items() if name.startswith("mark_")]
    assert len(marks) == 6
    assert min(contrast(text, mark) for mark in marks) >= 7
    for name in ("secondary", "error", "accent"):
        assert contrast(found[name], found["background"]) >= 4.5, name
