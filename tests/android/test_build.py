"""build_apk.sh and toolchain.sh: the same inputs give the same bytes, and what cannot be built is refused in words."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import DEMO, Apk

Build = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.slow
def test_the_same_inputs_give_the_same_apk(
    apk: Apk, bundles: dict[str, Path], tools: Path, build_apk: Build, tmp_path: Path
) -> None:
    """From the sources again: nothing that an earlier build kept is used but the key."""
    fresh, again = tmp_path / "tools", tmp_path / "again.apk"
    fresh.mkdir()
    for name in ("android-23.jar", "dx.jar", "debug.keystore"):
        (fresh / name).symlink_to(tools / name)
    built = build_apk(*(f"{name}={folder}" for name, folder in bundles.items()), again, ANDROID_TOOLS=str(fresh))
    assert built.returncode == 0, built.stderr
    assert again.read_bytes() == apk.path.read_bytes()


@pytest.mark.slow
def test_a_key_of_ones_own_signs_it(bundles: dict[str, Path], build_apk: Build, tmp_path: Path) -> None:
    key, out = tmp_path / "own.keystore", tmp_path / "own.apk"
    make = ["keytool", "-genkeypair", "-keystore", key, "-storepass", "secret-1", "-alias", "own", "-keyalg", "RSA"]
    subprocess.run([*make, "-dname", "CN=Own Key", "-validity", "1000"], check=True, capture_output=True)
    signing = {"KEYSTORE": str(key), "KEYSTORE_PASSWORD": "secret-1", "KEY_ALIAS": "own", "LITERT_BUILDS": "relaxed"}
    built = build_apk(bundles["labels-tflite-int8"], out, **signing)
    assert built.returncode == 0, built.stderr
    command = ["apksigner", "verify", "--print-certs", str(out)]
    certificate = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "CN=Own Key" in certificate


def test_what_is_no_bundle_is_refused(build_apk: Build, tmp_path: Path) -> None:
    built = build_apk(tmp_path, tmp_path / "out.apk")
    assert built.returncode == 1
    assert f"{tmp_path} is no bundle: it has no edgelm.json" in built.stderr
    assert "hint: make one: edgelm export" in built.stderr
    assert not (tmp_path / "out.apk").exists()


def test_a_bundle_and_a_place_are_asked_for(build_apk: Build) -> None:
    built = build_apk("one")
    assert built.returncode == 1
    assert "usage: android_demo/build_apk.sh" in built.stderr


def test_a_missing_tool_is_named_with_its_package(bundles: dict[str, Path], build_apk: Build, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "env"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    built = build_apk(bundles["labels-tflite-int8"], tmp_path / "out.apk", PATH=str(tools))
    assert built.returncode == 1
    assert "aapt2 is missing" in built.stderr
    assert "apt-get install aapt" in built.stderr


def test_a_toolchain_that_cannot_be_fetched_is_told(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "env", "sh", "mktemp", "rm", "awk", "mkdir", "cat"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    refuse = tools / "apt-get"
    refuse.write_text(
        '#!/bin/sh\ncase "$*" in *indextargets*) echo Debian main bookworm mirror/ ;; *) exit 100 ;; esac\n'
    )
    refuse.chmod(0o755)
    command = [str(DEMO / "toolchain.sh"), str(tmp_path / "android")]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tools)})
    assert done.returncode == 1
    assert "the package lists of bullseye could not be read" in done.stderr
    assert "hint: check the network" in done.stderr
    assert not (tmp_path / "android").exists()


def test_a_toolchain_in_place_is_left_alone(tools: Path, tmp_path: Path) -> None:
    place = tmp_path / "android"
    place.mkdir()
    for name in ("android-23.jar", "dx.jar"):
        (place / name).symlink_to(tools / name)
    command = [str(DEMO / "toolchain.sh"), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{place}\n"
    assert (place / "dx.jar").is_symlink()
