"""The Gradle project, as far as it can be looked at without Gradle: its files agree with each other."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib

import pytest

from .conftest import DEMO

CATALOG = tomllib.loads((DEMO / "gradle/libs.versions.toml").read_text())
SCRIPTS = ("build.gradle.kts", "app/build.gradle.kts", "core/build.gradle.kts")
# Of Gradle 9.4.1, as its makers publish them.
WRAPPER_SHA256 = "55243ef57851f12b070ad14f7f5bb8302daceeebc5bce5ece5fa6edb23e1145c"
DISTRIBUTION_SHA256 = "2ab2958f2a1e51120c326cad6f385153bb11ee93b3c216c5fccebfdfbb7ec6cb"


def test_the_wrapper_is_gradles_own() -> None:
    wrapper = (DEMO / "gradle/wrapper/gradle-wrapper.jar").read_bytes()
    assert hashlib.sha256(wrapper).hexdigest() == WRAPPER_SHA256
    properties = (DEMO / "gradle/wrapper/gradle-wrapper.properties").read_text()
    assert "gradle-9.4.1-bin.zip" in properties
    assert f"distributionSha256Sum={DISTRIBUTION_SHA256}" in properties
    assert os.access(DEMO / "gradlew", os.X_OK)


def test_every_module_has_a_build_script() -> None:
    modules = re.findall(r'":(\w+)"', (DEMO / "settings.gradle.kts").read_text())
    assert modules == ["core", "app"]
    assert all((DEMO / module / "build.gradle.kts").is_file() for module in modules)


@pytest.mark.parametrize("kind", ["plugins", "libraries"])
def test_the_build_scripts_use_the_catalog_and_nothing_else(kind: str) -> None:
    prefix = "libs.plugins." if kind == "plugins" else "libs."
    text = "\n".join((DEMO / script).read_text() for script in SCRIPTS)
    used = {name for name in re.findall(r"\blibs\.([\w.]+)", text) if not name.startswith("versions.")}
    used = {name.removeprefix("plugins.") for name in used if name.startswith("plugins.") == (kind == "plugins")}
    assert used == {name.replace("-", ".") for name in CATALOG[kind]}, prefix
    assert not re.search(r'"[\w.-]+:[\w.-]+:\d', text)  # no coordinates beside the catalog


def test_every_version_is_used_and_exact() -> None:
    asked = {entry["version"]["ref"] for kind in ("plugins", "libraries") for entry in CATALOG[kind].values()}
    text = (DEMO / "app/build.gradle.kts").read_text()
    assert asked | set(re.findall(r"libs\.versions\.(\w+)", text)) == CATALOG["versions"].keys()
    assert all(re.fullmatch(r"\d+(\.\d+)*", version) for version in CATALOG["versions"].values())
