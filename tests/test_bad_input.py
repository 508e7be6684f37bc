"""Bad input of every kind: one line on stderr that names it, the right exit code, nothing half-written."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgelm import registry
from edgelm.cli import main
from edgelm.types import Array, Runner

QUERY = "bert.encoder.layer.1.attention.self.query.weight"


def tree(folder: Path) -> dict[str, tuple[bytes | None, int]]:
    """Every file and folder below one, hidden ones too, with contents and times of change."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    }


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """``refused(code, *arguments, stdin=b"")``: runs edgelm, checks how it refuses, and gives its message."""

    def call(code: int, *arguments: object, stdin: bytes = b"") -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        before = tree(tmp_path)
        found = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert tree(tmp_path) == before, "something was left behind"
        assert (found, out) == (code, ""), err
        assert err.startswith("edgelm: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert "Traceback" not in err
        assert "a bug in edgelm" not in err
        return err

    return call


@pytest.fixture
def checkpoint(make_checkpoint: Any, tmp_path: Path) -> Path:
    """A text classifier that may be damaged."""
    folder = tmp_path / "model"
    shutil.copytree(make_checkpoint("bert", "text-classification"), folder)
    return folder


@pytest.fixture(scope="session")
def good_bundle(make_checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("good")
    assert main(["export", str(make_checkpoint("bert", "text-classification")), "-t", "onnx", "-o", str(out)]) == 0
    return out / "onnx"


@pytest.fixture
def bundle(good_bundle: Path, tmp_path: Path) -> Path:
    """A bundle that may be damaged."""
    shutil.copytree(good_bundle, tmp_path / "bundle")
    return tmp_path / "bundle"


def change_config(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def change_tensor(folder: Path, name: str, change: Callable[[Array], Array | None]) -> None:
    tensors = load_file(folder / "model.safetensors")
    changed = change(tensors.pop(name).copy())
    save_file(tensors if changed is None else {**tensors, name: changed}, folder / "model.safetensors")


def poison(value: float) -> Callable[[Array], Array]:
    def change(array: Array) -> Array:
        array.flat[7] = value
        return array

    return change


# -- checkpoints -------------------------------------------------------------------------------------------------------

WEIGHTS = "model.safetensors"
DAMAGES: Mapping[str, tuple[Callable[[Path], object], int, tuple[str, ...]]] = {
    "no weights": (lambda f: (f / WEIGHTS).unlink(), 2, ("has no model.safetensors",)),
    "weights cut in the header": (lambda f: os.truncate(f / WEIGHTS, 200), 2, ("not a complete safetensors file",)),
    "weights cut in the data": (lambda f: os.truncate(f / WEIGHTS, 40_000), 2, ("not a complete safetensors file",)),
    "weights of no bytes": (lambda f: (f / WEIGHTS).write_bytes(b""), 2, ("not a complete safetensors file",)),
    "weights that are text": (
        lambda f: (f / WEIGHTS).write_text("oid sha256:1"),
        2,
        ("not a complete safetensors file",),
    ),
    "a tensor missing": (
        lambda f: change_tensor(f, QUERY, lambda _: None),
        2,
        ("have no tensor", QUERY.removeprefix("bert.")),
    ),
    "a tensor too small": (
        lambda f: change_tensor(f, QUERY, lambda a: a[:8]),
        2,
        (QUERY, "has shape (8, 32)", "asks for (32, 32)"),
    ),
    "another size in the configuration": (
        lambda f: change_config(f, intermediate_size=64),
        2,
        ("intermediate.dense.weight", "has shape (48, 32)", "asks for (64, 32)"),
    ),
    "another vocabulary in the configuration": (
        lambda f: change_config(f, vocab_size=5000),
        2,
        ("word_embeddings.weight", "asks for (5000, 32)"),
    ),
    "NaN": (lambda f: change_tensor(f, QUERY, poison(np.nan)), 2, (QUERY, "NaN or infinite")),
    "infinity": (lambda f: change_tensor(f, QUERY, poison(np.inf)), 2, (QUERY, "NaN or infinite")),
    "an unknown architecture": (
        lambda f: change_config(f, model_type="robertson"),
        4,
        ("robertson", "nearest supported family is roberta"),
    ),
    "no architecture": (lambda f: change_config(f, model_type=None), 4, ("without a model_type", "Supported: bert")),
    "a decoder": (lambda f: change_config(f, is_decoder=True), 4, ("is_decoder=True",)),
    "an unknown activation": (lambda f: change_config(f, hidden_act="swish9"), 4, ("swish9",)),
    "a size that is no number": (lambda f: change_config(f, hidden_size="32"), 2, ("hidden_size is '32'",)),
    "heads that do not divide": (lambda f: change_config(f, num_attention_heads=5), 2, ("not a multiple",)),
    "no configuration": (lambda f: (f / "config.json").unlink(), 2, ("config.json does not exist",)),
    "a broken configuration": (lambda f: (f / "config.json").write_text("{"), 2, ("config.json is not readable JSON",)),
    "a configuration that is a list": (
        lambda f: (f / "config.json").write_text("[]"),
        2,
        ("does not hold a JSON object",),
    ),
    "too few labels": (lambda f: change_config(f, id2label={"0": "a"}), 2, ("has 3 outputs", "names 1")),
    "no tokenizer": (
        lambda f: [(f / name).unlink() for name in ("tokenizer.json", "vocab.txt")],
        2,
        ("has no tokenizer.json",),
    ),
    "a broken tokenizer": (lambda f: (f / "tokenizer.json").write_text("{}"), 2, ("is no tokenizer",)),
    "a larger vocabulary than the embedding": (
        lambda f: (f / "tokenizer.json").write_text(
            (f / "tokenizer.json").read_text("utf-8").replace('"##z": ', '"##z": 9'), "utf-8"
        ),
        2,
        ("gives ids up to 9", "the word embedding has 1"),
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_checkpoints(refused: Any, checkpoint: Path, name: str) -> None:
    damage, code, words = DAMAGES[name]
    damage(checkpoint)
    message = refused(code, "export", checkpoint, "-t", "onnx", "-o", checkpoint.parent / "out")
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("./no/such/folder", "is no folder, no Hugging Face id and no built-in model"),
        ("a b c", "is no folder, no Hugging Face id"),
        ("", "No MODEL given"),
    ],
)
def test_models_that_are_none(refused: Any, tmp_path: Path, model: str, message: str) -> None:
    for command in (("export", model, "-t", "onnx", "-o", tmp_path / "out"), ("inspect", model)):
        assert message in refused(2, *command)


def test_a_model_that_cannot_be_fetched(refused: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refused(2, "export", "nobody/nothing-of-the-kind", "-t", "onnx", "-o", tmp_path / "out")
    assert "could not be fetched from the Hugging Face hub" in message


# -- requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-t", "onnxx"], "Unknown target 'onnxx'. Targets: onnx"),
        ([], "No target given. Pass --target"),
        (["-t", "onnx", "--precision", "int2"], "no precision 'int2'. It has: fp32"),
        (["-t", "onnx", "--option", "colour=red"], "has an option 'colour'"),
        (["-t", "onnx", "--option", "colour"], "--option 'colour' is not KEY=VALUE"),
        (["-t", "onnx", "--without", "all"], "Unknown rewrite 'all'"),
        (["-t", "onnx", "--task", "fill-mask"], "has no head for fill-mask. It has: text-classification"),
        (["-t", "onnx", "--task", "translate"], "Unknown task 'translate'. Tasks: text-classification"),
        (["-t", "onnx", "--max-length", "65"], "65 is outside 1 to 64, the model's position table"),
        (["-t", "onnx", "--max-length", "0"], "leaves no room"),
        (["-t", "onnx", "--max-length", "long"], "'long' is not a valid integer"),
        (["-t", "onnx", "--lengths", "8,x"], "--lengths '8,x' is not a list of whole numbers"),
        (["-t", "onnx", "--lengths", ""], "is not a list of whole numbers"),
        (["-t", "onnx", "--lengths", "8,99"], "99 is outside 1 to 64"),
        (["-t", "onnx", "--lengths", "8,16", "--max-length", "32"], "contradicts --lengths"),
        (["-t", "onnx", "--threads", "0"], "0 is not in the range x>=1"),
        (["-t", "onnx", "--colour"], "No such option"),
        (["-t", "onnx", "-m", "another"], "MODEL is given twice"),
        (["-t", "onnx", "--samples", "nowhere.txt"], "nowhere.txt cannot be read"),
    ],
)
def test_wrong_requests(refused: Any, make_checkpoint: Any, tmp_path: Path, arguments: list[str], message: str) -> None:
    folder = make_checkpoint("bert", "text-classification")
    assert message in refused(2, "export", folder, "-o", tmp_path / "out", *arguments)
    if "--samples" not in arguments:
        assert message in refused(2, "export", folder, "-o", tmp_path / "out", *arguments, "--dry-run", "--json")


def test_no_model_and_no_command(refused: Any) -> None:
    assert "No MODEL given" in refused(2, "export", "-t", "onnx")
    assert "No such command 'exprot'" in refused(2, "exprot")
    assert "Missing argument 'BUNDLE'" in refused(2, "run")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.txt", b"", "holds no text"),
        ("s.txt", b"\xc3\x28", "cannot be read as UTF-8 text"),
        ("s.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', "s.jsonl:2 is not of the form"),
        ("s.jsonl", b'{"text": "a"}\n\n\n{"text": \n', "s.jsonl:4 is not of the form"),
        ("s.jsonl", b'{"text": "\\ud800"}\n', "not valid Unicode"),
    ],
)
def test_wrong_samples(
    refused: Any, make_checkpoint: Any, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    folder = make_checkpoint("bert", "text-classification")
    assert message in refused(2, "export", folder, "-t", "onnx", "-o", tmp_path / "out", "--samples", tmp_path / name)


# -- output ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["file", "file/deeper", "taken", "occupied", "x" * 300])
def test_outputs_that_cannot_be_written(refused: Any, make_checkpoint: Any, tmp_path: Path, output: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "taken" / "onnx").mkdir(parents=True)
    (tmp_path / "taken" / "onnx" / "thesis.txt").write_text("the only copy")
    (tmp_path / "occupied" / "onnx.rejected").mkdir(parents=True)
    (tmp_path / "occupied" / "onnx.rejected" / "thesis.txt").write_text("the only copy")
    folder = make_checkpoint("bert", "text-classification")
    message = refused(2, "export", folder, "-t", "onnx", "-o", tmp_path / output)
    assert ("is no bundle" if output in ("taken", "occupied") else "Cannot write to") in message
    assert "Choose another --output" in message


def fail_converting(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The ONNX converter writes half a file and then fails."""

    def convert(_: Any, __: Any, request: Any) -> None:
        (request.directory / "model.onnx").write_bytes(b"half")
        raise error

    monkeypatch.setattr(type(registry.converter_of(registry.target("onnx"))), "convert", convert)


def test_a_full_disk(refused: Any, make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("export", make_checkpoint("bert", "text-classification"), "-t", "onnx", "-o", tmp_path / "a" / "b")
    fail_converting(monkeypatch, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert "No space left on device" in refused(2, *arguments)
    # What the C++ writers of some toolchains raise, with the disk as full as they leave it.
    fail_converting(monkeypatch, RuntimeError("filesystem error: cannot copy"))
    monkeypatch.setattr("edgelm.bundle.shutil.disk_usage", lambda _: SimpleNamespace(free=4096))
    assert "no space left on device" in refused(2, *arguments)


def test_a_broken_toolchain(
    refused: Any, make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_converting(monkeypatch, ImportError("libgomp.so.1: cannot open shared object file"))
    folder = make_checkpoint("bert", "text-classification")
    message = refused(3, "export", folder, "-t", "onnx", "-o", tmp_path / "out")
    assert "cannot be imported: libgomp.so.1" in message
    assert "pip install 'edgelm[onnx]' --force-reinstall" in message


HIDE = """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hide())
from edgelm.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", ["export", "run"])
def test_a_missing_toolchain_comes_with_its_command(make_checkpoint: Any, bundle: Path, command: str) -> None:
    folder, out = make_checkpoint("bert", "text-classification"), bundle.parent / "out"
    arguments = {
        "export": ["export", folder, "-t", "onnx", "-t", "openvino", "-o", out],
        "run": ["run", bundle, "--text", "x"],
    }
    found = subprocess.run(
        [sys.executable, "-c", HIDE.format(hidden={"onnxruntime", "openvino"}), *map(str, arguments[command])],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    names, extras = ("onnxruntime, openvino", "onnx,openvino") if command == "export" else ("onnxruntime", "onnx")
    expected = f"edgelm: Not installed: {names}. Run: pip install 'edgelm[{extras}]'\n"
    assert (found.returncode, found.stdout, found.stderr) == (3, "", expected)
    assert not out.exists()


# -- bundles -----------------------------------------------------------------------------------------------------------


def change_manifest(folder: Path, **values: Any) -> None:
    path = folder / "edgelm.json"
    manifest = {**json.loads(path.read_text("utf-8")), **values}
    path.write_text(json.dumps({key: value for key, value in manifest.items() if value is not None}), "utf-8")


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


BUNDLE_DAMAGES: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "a changed model": (lambda f: append(f / "model.onnx"), "model.onnx was changed since the export"),
    "a changed tokenizer": (lambda f: append(f / "tokenizer.json"), "tokenizer.json was changed"),
    "a missing file": (lambda f: (f / "model.onnx").unlink(), "lacks model.onnx, which its manifest lists"),
    "a newer schema": (lambda f: change_manifest(f, schema_version=2), "Update edgelm: pip install -U edgelm"),
    "no manifest": (lambda f: (f / "edgelm.json").unlink(), "is no bundle: it has no edgelm.json"),
    "a broken manifest": (lambda f: (f / "edgelm.json").write_text('{"a"'), "edgelm.json is not readable JSON"),
    "a manifest without files": (lambda f: change_manifest(f, files=None), "has no 'files'; it is damaged"),
    "a manifest without a task": (lambda f: change_manifest(f, task=None), "has no 'task'; it is damaged"),
    "a target of someone else": (lambda f: change_manifest(f, target="tpu"), "Unknown target 'tpu'"),
    "no folder": (shutil.rmtree, "is no bundle"),
}


@pytest.mark.parametrize("name", BUNDLE_DAMAGES)
def test_damaged_bundles(refused: Any, bundle: Path, name: str) -> None:
    damage, message = BUNDLE_DAMAGES[name]
    damage(bundle)
    assert message in refused(2, "run", bundle, "--text", "good")


def test_a_rejected_bundle_says_so_no_less(refused: Any, bundle: Path) -> None:
    """Nothing but its name tells; it runs, so that its failure can be looked at."""
    bundle.rename(bundle.with_name("bundle.rejected"))
    assert main(["run", str(bundle.with_name("bundle.rejected")), "--text", "good"]) == 0
    assert "is no bundle" in refused(2, "run", bundle, "--text", "good")


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["--text", ""], b"", "The text is empty"),
        (["--text", " \t"], b"", "The text is empty"),
        (["--text", "good", "--text-pair", ""], b"", "The text is empty"),
        ([], b"", "The input holds no text"),
        ([], b"\n \n", "The input holds no text"),
        ([], b"\xff\xfeg\x00", "The input is not UTF-8 text"),
        (["--input", "nowhere.txt"], b"", "nowhere.txt"),
        (["--text", "a " * 63], b"", "The text has 65 tokens; this bundle takes 64. Pass --truncate"),
        (["--text", "a\udcff"], b"", "not valid Unicode"),
        (["--text", "a", "--text-pair", "b", "--context", "c"], b"", "are the same input; give one"),
        (["--text", "a", "--input", "-"], b"b", "--text and --input are both given"),
        (["--text", "a", "--aggregation", "best"], b"", "Unknown aggregation 'best'. There are: none, simple"),
        (["--text", "a", "--choice", "b"], b"", "text-classification takes no --choice"),
        (["--text", "a", "--top-k", "0"], b"", "0 is not in the range x>=1"),
        (["--text", "a", "--threads", "0"], b"", "0 is not in the range x>=1"),
    ],
)
def test_wrong_texts(refused: Any, bundle: Path, arguments: list[str], stdin: bytes, message: str) -> None:
    assert message in refused(2, "run", bundle, *arguments, stdin=stdin)


# -- faults in the artifact --------------------------------------------------------------------------------------------


class Altered:
    """The ONNX target with other outputs, or one that cannot run here."""

    def __init__(self, target: Any, change: Callable[[Array], Array], unmeasured: str | None = None) -> None:
        self._target, self._change, self.unmeasured = target, change, unmeasured

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    @property
    def machines(self) -> Mapping[str, Any]:
        return {"": self}

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        run = self._target.load(bundle, manifest, threads)
        return lambda inputs: {name: self._change(array) for name, array in run(inputs).items()}


def run_main(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize("change", [lambda a: a + np.float32(0.1), lambda a: a * np.nan, lambda a: a[..., :2]])
def test_a_faulty_artifact_never_stands_where_a_good_one_would(
    make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, change: Any
) -> None:
    arguments = ("export", make_checkpoint("bert", "text-classification"), "-t", "onnx", "-o", tmp_path)
    assert run_main(*arguments) == 0
    before = tree(tmp_path / "onnx")
    capsys.readouterr()
    altered = Altered(registry.target("onnx"), change)
    monkeypatch.setattr(registry, "targets", lambda: {"onnx": altered})
    assert run_main(*arguments) == 5
    out, err = capsys.readouterr()
    assert f"{tmp_path / 'onnx'}.rejected" in out
    assert err
    assert all(line.startswith("onnx: fail, logits ") for line in err.splitlines())
    assert "logits vs fp32 original: " in err
    assert tree(tmp_path / "onnx") == before
    assert json.loads((tmp_path / "onnx.rejected" / "report.json").read_text())["verdict"] == "fail"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["onnx", "onnx.rejected"]


def test_what_cannot_be_measured_is_7_unless_allowed(
    make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    altered = Altered(registry.target("onnx"), lambda a: a, unmeasured="this machine is no Mac")
    monkeypatch.setattr(registry, "targets", lambda: {"onnx": altered})
    arguments = ("export", make_checkpoint("bert", "text-classification"), "-t", "onnx", "-o", tmp_path)
    assert run_main(*arguments) == 7
    assert capsys.readouterr().err == "onnx: unmeasured, outputs vs the original: this machine is no Mac\n"
    assert run_main(*arguments, "--allow-unmeasured") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


# -- interruptions -----------------------------------------------------------------------------------------------------

SLOW = """
import sys, time
from edgelm import registry

converter = type(registry.converter_of(registry.target("onnx")))

def convert(self, graph, request):
    (request.directory / "model.onnx").write_bytes(b"half")
    print("half-way", flush=True)
    time.sleep(60)

converter.convert = convert
from edgelm.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""An export that stops half-way, and says so."""


def interrupt(number: int, *arguments: object) -> tuple[int, str]:
    """Run SLOW, send it a signal half-way; its exit code and what it said."""
    command = [sys.executable, "-c", SLOW, *map(str, arguments)]
    # A shell's background job ignores SIGINT, and so would all it starts.
    with_default = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=with_default
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half-way\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_nothing(make_checkpoint: Any, bundle: Path, number: int) -> None:
    folder, place = make_checkpoint("bert", "text-classification"), bundle.parent
    bundle.rename(place / "onnx")
    before = tree(place)
    for output in (place, place / "new" / "er"):
        code, err = interrupt(number, "export", folder, "-t", "onnx", "-o", output)
        assert (code, err.strip()) == (130, "edgelm: interrupted; nothing half-written is left behind.")
        assert tree(place) == before


def test_a_killed_export_confuses_no_later_one(make_checkpoint: Any, tmp_path: Path) -> None:
    arguments = ("export", make_checkpoint("bert", "text-classification"), "-t", "onnx", "-o", tmp_path)
    assert interrupt(signal.SIGKILL, *arguments)[0] == -signal.SIGKILL
    assert [path.suffix for path in tmp_path.iterdir()] == [".partial"]
    assert run_main(*arguments) == 0
    assert run_main(*arguments) == 0
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == ["onnx"]
