"""Another reader than Google's takes the APK for what it should be: androguard, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, Apk

ANDROGUARD = "androguard==4.1.4"
_READ = """
import json, sys
from androguard.core.apk import APK
from androguard.core.dex import DEX
from androguard.util import set_log
set_log("ERROR")
apk = APK(sys.argv[1])
print(json.dumps({
    "package": apk.get_package(),
    "activity": apk.get_main_activity(),
    "permissions": apk.get_permissions(),
    "sdk": [apk.get_min_sdk_version(), apk.get_target_sdk_version()],
    "signed": [apk.is_signed_v1(), apk.is_signed_v2(), apk.is_signed_v3()],
    "libraries": list(apk.get_libraries()),
    "classes": [found.get_name() for dex in apk.get_all_dex() for found in DEX(dex).get_classes()],
}))
"""


@pytest.fixture(scope="module")
def androguard() -> Path:
    """The Python of an environment with androguard, made once."""
    folder = ROOT / ".cache/android/androguard"
    python = folder / "bin/python"
    if not (folder / ANDROGUARD).exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", ANDROGUARD], check=True)
        (folder / ANDROGUARD).touch()
    return python


@pytest.mark.slow
def test_androguard_reads_it(apk: Apk, androguard: Path) -> None:
    command = [str(androguard), "-c", _READ, str(apk.path)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    classes = set(found.pop("classes"))
    assert {"Lorg/edgelm/web/MainActivity;", "Lorg/edgelm/core/Requests;", "Lkotlin/Unit;"} <= classes
    assert found == {
        "package": "org.edgelm.web",
        "activity": "org.edgelm.web.MainActivity",
        "permissions": [],
        "sdk": ["24", "35"],
        "signed": [False, True, True],
        "libraries": [],
    }
