"""The APK that is built here is one that Android takes: signed, aligned, of no permission, of known classes only."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from .conftest import BUNDLES, Apk
from .platform import Use, missing, read_code, read_platform

# Debian compiles Kotlin's library against a newer Java than Android's. What calls that is never called itself: console
# input, and a function that the compiler copies to where it is used.
_UNREACHED = {"Lkotlin/io/ConsoleKt;": None, "Lkotlin/text/StringsKt__StringsKt;": "ifEmpty"}


def is_unreached(class_: str, method: str) -> bool:
    return class_ in _UNREACHED and _UNREACHED[class_] in (None, method)


def run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_android_reads_what_it_is(apk: Apk) -> None:
    badging = run("aapt2", "dump", "badging", apk.path)
    assert "package: name='org.edgelm.web'" in badging
    assert "sdkVersion:'24'" in badging
    assert "launchable-activity: name='org.edgelm.web.MainActivity'" in badging
    assert "application-label-zh:" in badging
    assert "uses-permission" not in badging
    assert "application-debuggable" not in badging
    assert run("aapt2", "dump", "permissions", apk.path).split() == ["package:", "org.edgelm.web"]


def test_it_is_signed_for_every_version_it_runs_on(apk: Apk) -> None:
    verdict = run("apksigner", "verify", "--verbose", apk.path)
    assert verdict.startswith("Verifies\n")
    assert "Verified using v2 scheme (APK Signature Scheme v2): true" in verdict
    assert "Verified using v3 scheme (APK Signature Scheme v3): true" in verdict
    assert "Number of signers: 1" in verdict


def test_a_changed_byte_is_noticed(apk: Apk, tmp_path: Path) -> None:
    content = bytearray(apk.path.read_bytes())
    content[len(content) // 2] ^= 1
    changed = tmp_path / "changed.apk"
    changed.write_bytes(content)
    done = subprocess.run(["apksigner", "verify", str(changed)], capture_output=True, text=True)
    assert done.returncode != 0


def test_it_is_aligned(apk: Apk) -> None:
    run("zipalign", "-c", "-p", "4", apk.path)
    with zipfile.ZipFile(apk.path) as archive:
        assert archive.getinfo("resources.arsc").compress_type == zipfile.ZIP_STORED  # Android 11 and newer insist


def test_it_holds_the_bundles_as_they_are(apk: Apk, bundles: dict[str, Path]) -> None:
    with zipfile.ZipFile(apk.path) as archive:
        for name, folder in bundles.items():
            for path in folder.rglob("*"):
                entry = f"assets/web/bundles/{name}/{path.relative_to(folder).as_posix()}"
                if path.is_file() and entry in archive.namelist():
                    assert archive.read(entry) == path.read_bytes()
            assert f"assets/web/bundles/{name}/edgelm.json" in archive.namelist()


def test_its_size_is_told_by_part(apk: Apk) -> None:
    rows = {row[:36].strip(): row[36:].split() for row in apk.output.splitlines()[1:-1]}
    assert {"code (dex)", "runtime (vendor)", "bundles", "page and JavaScript kit", "APK"} <= rows.keys()
    parts = [float(figures[-1]) for name, figures in rows.items() if name != "APK"]
    assert float(rows["APK"][-1]) == pytest.approx(apk.path.stat().st_size / 1000, abs=0.06)
    assert sum(parts) == pytest.approx(float(rows["APK"][-1]), abs=0.06 * len(parts))
    assert int(rows["bundles"][0]) >= len(BUNDLES) * 4
    assert apk.output.splitlines()[-1] == str(apk.path)


def test_its_code_uses_nothing_newer_than_android_6(apk: Apk, tools: Path) -> None:
    """The platform's own list (API 23) has every class, method and field that the code calls, reads or writes."""
    code = read_code(apk.path)
    platform = read_platform(tools / "android-23.jar", {use.owner for use in code.outside})
    assert platform.has("Landroid/webkit/WebView;", "loadUrl", "(Ljava/lang/String;)V")
    assert missing(
        [Use("", "", "Landroid/webkit/WebView;", "getWebViewClient", "()Landroid/webkit/WebViewClient;")], platform
    )
    assert [use for use in missing(code.outside, platform) if not is_unreached(use.caller, use.method)] == []


def test_what_would_need_more_is_never_called(apk: Apk) -> None:
    calls = [use for use in read_code(apk.path).uses if is_unreached(use.owner, use.name)]
    assert [use for use in calls if not is_unreached(use.caller, use.method)] == []


def test_its_bytecode_is_of_android_7(apk: Apk) -> None:
    """No invoke-custom: Android has no LambdaMetafactory, and dex of API 24 no such instruction."""
    listing = run("dexdump", "-d", apk.path)
    assert "invoke-custom" not in listing
    with zipfile.ZipFile(apk.path) as archive:
        assert re.fullmatch(rb"dex\n037\0", archive.read("classes.dex")[:8])
