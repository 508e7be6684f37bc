"""What is said where `edgelm bench --adb` cannot begin: no adb, no phone or the wrong one, no tools, no room."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgelm import environments
from edgelm.bench import selftest
from edgelm.bench.phone import Phone
from edgelm.cli import main
from edgelm.errors import EdgelmError, ToolchainError, UnmeasuredError, UnsupportedError, UsageError
from edgelm_targets import arm64_setup

from .conftest import FakePhone


@pytest.mark.usefixtures("phone")
def test_a_phone_says_what_it_is() -> None:
    found = Phone.connect(None)
    assert found.serial == "R5CT"
    facts = found.facts
    assert facts.pop("cores") == str(found.cores) != "0"
    assert facts == {"device": "Fake Folder 2", "SoC": "FS-1", "Android": "15", "ABI": "arm64-v8a"}


def test_one_of_several_is_chosen_by_its_serial(phone: FakePhone) -> None:
    phone.update(devices={"A": "device", "B": "device"})
    assert Phone.connect("B").serial == "B"
    assert all(call.startswith(("devices", "-s B ")) for call in phone.calls)


@dataclass(frozen=True)
class Case:
    """A phone, what is asked of it, and what is said."""

    state: dict[str, Any]
    serial: str | None
    error: type[EdgelmError]
    said: str


CASES = {
    "none": Case({"devices": {}}, None, ToolchainError, "adb sees no device. Connect one by USB"),
    "several": Case({"devices": {"A": "device", "B": "device"}}, None, UsageError, "Choose with --serial: A, B."),
    "another": Case({}, "X9", UsageError, "adb sees no device 'X9'. There are: R5CT."),
    "unauthorized": Case(
        {"devices": {"A": "unauthorized"}}, None, ToolchainError, "Device A is unauthorized. Unlock the phone"
    ),
    "offline": Case({"devices": {"A": "offline"}}, "A", ToolchainError, "Device A is offline. Unplug the phone"),
    "permissions": Case(
        {"devices": {"A": "no permissions (missing udev rules? user is in the plugdev group)"}},
        None,
        ToolchainError,
        "Device A is no permissions",
    ),
    "dead": Case({"dead": True}, None, ToolchainError, "Address already in use. Run: adb kill-server"),
    "lost": Case({"lost_at": ["shell"]}, None, UnmeasuredError, "Device R5CT: running on it failed"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_phone_that_cannot_be_used_is_told(phone: FakePhone, case: Case) -> None:
    phone.update(**case.state)
    with pytest.raises(case.error) as caught:
        Phone.connect(case.serial)
    assert case.said in str(caught.value)


def test_without_adb_the_message_installs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match="apt install adb"):
        Phone.connect(None)


def test_a_phone_of_another_kind_of_processor(phone: FakePhone) -> None:
    phone.properties |= {"ro.product.cpu.abilist": "x86_64,x86", "ro.product.cpu.abi": "x86_64"}
    phone.update()
    with pytest.raises(UnsupportedError, match=r"Device R5CT runs x86_64.* built for arm64-v8a"):
        Phone.connect(None)


def test_a_full_phone(phone: FakePhone) -> None:
    columns = "Filesystem     1K-blocks  Used Available Use% Mounted on"
    phone.tool("df", f"echo '{columns}'; echo '/dev/block/dm-7  9  8  2000  99% /data'")
    found = Phone.connect(None)
    found.check_space(2_048_000)
    with pytest.raises(UnmeasuredError, match="has 2 MB free in /data/local/tmp; 4 MB are needed"):
        found.check_space(4_000_000)


def test_an_old_phone_that_tells_its_room_in_words(phone: FakePhone) -> None:
    phone.tool("df", "echo 'Filesystem Size Used Free Blksize'; echo '/data 12.3G 1.1G 11.2G 4096'")
    Phone.connect(None).check_space(10**12)


def test_what_was_copied_goes_again(phone: FakePhone, tmp_path: Path) -> None:
    (tmp_path / "edgelm-1").mkdir()
    (tmp_path / "edgelm-1" / "a.txt").write_text("a")
    with Phone.connect(None).holding(tmp_path / "edgelm-1") as place:
        assert place == "/data/local/tmp/edgelm-1"
        assert (phone.root / "edgelm-1" / "a.txt").read_text() == "a"
    assert not list(phone.root.iterdir())


def test_a_copy_that_fails_is_told_and_cleaned(phone: FakePhone, tmp_path: Path) -> None:
    (tmp_path / "edgelm-1").mkdir()
    holding = Phone.connect(None).holding(tmp_path / "edgelm-1")
    phone.update(lost_at=["push"])
    with pytest.raises(UnmeasuredError, match=r"copying to it failed: .*no space left on device"):
        holding.__enter__()
    assert not list(phone.root.iterdir())


def test_a_phone_that_is_unplugged_keeps_what_it_has_and_that_is_said(phone: FakePhone, tmp_path: Path) -> None:
    (tmp_path / "edgelm-1").mkdir()
    with pytest.raises(UnmeasuredError, match="adb shell rm -rf /data/local/tmp/edgelm-1"):
        lose_while_holding(phone, Phone.connect(None), tmp_path / "edgelm-1")
    assert (phone.root / "edgelm-1").is_dir()


def lose_while_holding(phone: FakePhone, found: Phone, local: Path) -> None:
    with found.holding(local):
        phone.update(lost_at=["shell"])
        found.shell("true")


# -- before a phone is asked -------------------------------------------------------------------------------------------


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH with a cross compiler that was never asked anything, and an ARM set-up that has libraries."""
    compiler = tmp_path / "tools" / selftest.COMPILER
    compiler.parent.mkdir()
    compiler.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(compiler.parent))
    place = tmp_path / "arm64"
    for runtime in selftest.RUNTIMES.values():
        library = place / "site" / runtime.library.rstrip("*")
        library.parent.mkdir(parents=True, exist_ok=True)
        library.write_bytes(runtime.entry)
    return place


@pytest.mark.parametrize("converter", selftest.RUNTIMES)
def test_tools_that_are_there(tools: Path, converter: str) -> None:
    selftest.check_tools(selftest.RUNTIMES[converter], tools)


def test_without_the_compiler_the_message_installs_it(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError, match="apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"):
        selftest.check_tools(selftest.RUNTIMES["onnx"], tools)


def test_a_library_for_python_alone(tools: Path) -> None:
    library = tools / "site" / selftest.RUNTIMES["tflite"].library
    library.write_bytes(b"TfLite")
    with pytest.raises(UnsupportedError, match=r"has no C API. .*edgelm export MODEL --target onnx"):
        selftest.check_tools(selftest.RUNTIMES["tflite"], tools)


def test_an_older_library(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "version", lambda _: "2.1.6")
    with pytest.raises(ToolchainError, match=r"ai-edge-litert>=2.2"):
        selftest.check_tools(selftest.RUNTIMES["tflite"], tools)


def test_without_the_arm_set_up_the_message_makes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path))
    with pytest.raises(ToolchainError, match="edgelm doctor --install arm64"):
        selftest.set_up(selftest.RUNTIMES["onnx"])


def test_the_set_up_lies_where_it_is_looked_for() -> None:
    assert arm64_setup.folder() == environments.cache() / "arm64"


def test_a_format_without_a_runtime_for_phones(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "coreml"
    shutil.copytree(exported / "onnx", bundle)
    manifest = json.loads((bundle / "edgelm.json").read_text("utf-8"))
    (bundle / "edgelm.json").write_text(json.dumps({**manifest, "target": "coreml"}), "utf-8")
    assert main(["bench", "--adb", str(bundle)]) == 4
    assert "Export it with --target onnx or tflite." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--adb", "--samples", "x.txt"), "--samples does not go with --adb."),
        (("--adb", "--max-instructions", "5"), "--max-instructions does not go with --adb."),
        (("--adb", "--instructions"), "--instructions does not go with --adb."),
        (("--serial", "A"), "--serial goes only with --adb."),
        (("--adb", "--seconds", "nan"), "--seconds is nan"),
        (("--adb", "--lengths", "0"), "--lengths is 0"),
    ],
)
def test_options_that_do_not_go_together(
    exported: Path, options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", str(exported / "onnx"), *options]) == 2
    assert said in capsys.readouterr().err
