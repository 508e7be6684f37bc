"""The command line: results on stdout, all else on stderr, exit codes as documented, and quick to start."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgelm import __version__, inspection, registry
from edgelm.cli import cli, main
from edgelm.errors import UnsupportedError
from edgelm.types import TASKS

COMMANDS = ("export", "run", "bench", "diff", "report", "reproduce", "inspect", "targets", "doctor")
REFUSE = """
import sys
refused = {names!r}
tried = []

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            tried.append(name)
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
from edgelm.cli import main
code = main(sys.argv[1:])
print("tried:", tried, file=sys.stderr)
sys.exit(code)
"""
"""Runs edgelm without some modules, and says at the end which of them something tried to import."""


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def edgelm(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``edgelm(*arguments, stdin=b"")``: the command in this process, as the installed one runs it."""

    def call(*arguments: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


def shell(
    *arguments: object, script: str | None = None, env: Mapping[str, str] | None = None, **options: Any
) -> Result:
    """The command in a process of its own; ``script`` runs instead of edgelm's entry point."""
    start = [sys.executable, "-c", script or "import sys; from edgelm.cli import main; sys.exit(main())"]
    found = subprocess.run(
        [*start, *map(str, arguments)],
        capture_output=True,
        timeout=100,
        check=False,
        env={**os.environ, **(env or {})},
        **options,
    )
    return Result(found.returncode, found.stdout.decode("utf-8"), found.stderr.decode("utf-8"))


@pytest.fixture(scope="session")
def classifier(make_checkpoint: Any) -> Path:
    return make_checkpoint("bert", "text-classification", id2label={"0": "bad", "1": "so-so", "2": "good"})


@pytest.fixture(scope="session")
def bundle(classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli")
    assert main(["export", str(classifier), "-t", "onnx", "-o", str(out)]) == 0
    return out / "onnx"


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


# -- help and imports --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",), *((command, "--help") for command in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: Sequence[str]) -> None:
    watched = ("numpy", "rich", "tokenizers", "safetensors", "huggingface_hub", "onnx", "importlib.metadata", "json")
    script = f"""
import sys
from edgelm.cli import main
code = main(sys.argv[1:])
print([name for name in {watched!r} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""
    found = shell(*arguments, script=script)
    assert (found.code, found.err.strip()) == (0, "[]")
    assert __version__ in found.out if "--version" in arguments else "Usage: edgelm" in found.out


def test_help_names_every_command_and_exit_code(edgelm: Any) -> None:
    found = CliRunner().invoke(cli, ["--help"], prog_name="edgelm")
    assert all(command in found.output for command in COMMANDS)
    assert all(f"{code} " in found.output for code in range(8))
    assert edgelm() == edgelm("--help")


def test_export_imports_no_training_framework(classifier: Path, tmp_path: Path) -> None:
    """Of every target that pip alone installs, in one go: neither edgelm nor a toolchain even tries."""
    names = [name for name, target in registry.targets().items() if target.set_up is None]
    targets = [part for name in names for part in ("-t", name)]
    script = REFUSE.format(names={"torch", "tensorflow", "jax", "transformers"})
    found = shell("export", classifier, *targets, "-o", tmp_path, "--json", script=script)
    assert found.code == 0, found.err
    assert found.err.splitlines()[-1] == "tried: []"
    assert [report["target"] for report in json.loads(found.out)] == names


# -- export ------------------------------------------------------------------------------------------------------------


def test_export_as_a_process(classifier: Path, tmp_path: Path) -> None:
    found = shell("export", classifier, "-t", "onnx", "-o", tmp_path / "out")
    assert (found.code, found.err) == (0, "")
    table = found.out.split()
    for word in ("target", "precision", "verdict", "onnx", "fp32", "pass", str(tmp_path / "out" / "onnx")):
        assert word in table
    again = shell("run", tmp_path / "out" / "onnx", "--text", "the movie was good", "--json")
    assert (again.code, again.err) == (0, "")
    assert sorted(answer["label"] for answer in json.loads(again.out)) == ["bad", "good", "so-so"]


def test_export_prints_json_and_nothing_else(edgelm: Any, classifier: Path, tmp_path: Path) -> None:
    found = edgelm(
        "export", classifier, "-t", "onnx", "-t", "openvino", "-o", tmp_path, "--precision", "fp16", "--json"
    )
    reports = json.loads(found.out, parse_constant=pytest.fail)
    assert (found.code, found.err) == (0, "")
    assert [(one["target"], one["precision"], one["verdict"]) for one in reports] == [
        ("onnx", "fp16", "pass"),
        ("openvino", "fp16", "pass"),
    ]
    assert all(Path(one["bundle"]).is_dir() for one in reports)


def test_every_form_of_model_and_output(edgelm: Any, classifier: Path, tmp_path: Path) -> None:
    forms = (
        ("export", classifier, "--target", "onnx", "--output", tmp_path / "a"),
        ("export", "-m", classifier, "-t", "onnx", "-o", tmp_path / "b"),
        ("export", "-t", "onnx", "--model", classifier, f"--output={tmp_path / 'c'}"),
    )
    for form in forms:
        assert edgelm(*form).code == 0
    assert sorted(path.parent.name for path in tmp_path.glob("*/onnx")) == ["a", "b", "c"]


def test_the_same_target_twice_is_once(edgelm: Any, classifier: Path, tmp_path: Path) -> None:
    assert len(json.loads(edgelm("export", classifier, "-t", "onnx", "-t", "onnx", "-o", tmp_path, "--json").out)) == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_writes_nothing(edgelm: Any, classifier: Path, tmp_path: Path, as_json: bool) -> None:
    out = tmp_path / "[red]out[/red] :smile:"
    found = edgelm("export", classifier, "-t", "onnx", "-o", out, "--dry-run", *(["--json"] if as_json else []))
    assert (found.code, found.err, list(tmp_path.iterdir())) == (0, "", [])
    if as_json:
        plan = json.loads(found.out)
        assert (plan["task"], plan["max_length"]) == ("text-classification", 64)
        assert plan["bundles"] == [
            {"target": "onnx", "precision": "fp32", "scheme": "fp32", "would write": str(out / "onnx")}
        ]
    else:
        assert "Nothing was written." in found.out
        assert "[red]out[/red] :smile:" in found.out.replace("\n", "")


def test_lengths(edgelm: Any, classifier: Path, tmp_path: Path) -> None:
    assert edgelm("export", classifier, "-t", "tflite", "-o", tmp_path, "--lengths", "32,8,32").code == 0
    assert edgelm("run", tmp_path / "tflite", "--text", "a " * 25).code == 0
    facts = json.loads(edgelm("inspect", tmp_path / "tflite", "--json").out)
    assert facts["longest text"] == "32 tokens"
    assert json.loads((tmp_path / "tflite" / "edgelm.json").read_text())["lengths"] == [8, 32]


def test_the_users_own_samples(edgelm: Any, classifier: Path, tmp_path: Path) -> None:
    samples = tmp_path / "mine.txt"
    samples.write_text("good film\n很好的电影\n", "utf-8")
    found = edgelm("export", classifier, "-t", "onnx", "-o", tmp_path, "--samples", samples, "--json", "--threads", 1)
    facts = json.loads(found.out)[0]["facts"]
    assert (facts["samples"], facts["threads"]) == (str(samples), 1)
    assert facts["texts"].startswith("5 runs of 4 to 64 tokens")  # the model tells two texts apart: a pair is added


def test_a_missed_budget_is_6(edgelm: Any, classifier: Path, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.jsonl"
    rows = [{"text": f"the film was {label}", "label": label} for label in ("bad", "so-so", "good") * 3]
    labelled.write_text("\n".join(json.dumps(row) for row in rows))
    arguments = ("export", classifier, "-t", "onnx", "-o", tmp_path, "--eval", labelled)
    assert edgelm(*arguments).code == 0
    found = edgelm(*arguments, "--min-metric", 1.01)
    assert (found.code, found.err.startswith("onnx: fail, ")) == (6, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labelled.jsonl", "onnx", "onnx.rejected"]


def test_what_was_done_is_told_when_a_later_target_fails(
    edgelm: Any, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converter = registry.converter_of(registry.target("openvino"))

    def refuse(*_: object) -> None:
        raise UnsupportedError("No such operator.")

    monkeypatch.setattr(type(converter), "convert", refuse)
    found = edgelm("export", classifier, "-t", "onnx", "-t", "openvino", "-o", tmp_path, "--json")
    assert (found.code, found.err) == (4, "edgelm: No such operator.\n")
    assert [report["target"] for report in json.loads(found.out)] == ["onnx"]
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


def test_progress_is_for_terminals(classifier: Path, tmp_path: Path) -> None:
    master, terminal = os.openpty()
    command = [sys.executable, "-c", "import sys; from edgelm.cli import main; sys.exit(main())"]
    arguments = ["export", str(classifier), "-t", "onnx", "-o", str(tmp_path), "--json"]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # Linux's end of a terminal whose other side is closed
        pass
    out, _ = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0
    assert json.loads(out)[0]["verdict"] == "pass"
    assert b"onnx:" in shown


# -- run ---------------------------------------------------------------------------------------------------------------


def test_texts_from_options_stdin_and_files(edgelm: Any, bundle: Path, tmp_path: Path) -> None:
    texts = "\ufeffgood film\r\n\n很好的电影\u2028x\n"
    file = tmp_path / "texts.txt"
    file.write_bytes(texts.encode())
    expected = edgelm("run", bundle, "--text", "good film", "--text", "很好的电影\u2028x", "--json")
    assert (expected.code, expected.err, len(lines(expected.out))) == (0, "", 2)
    for found in (
        edgelm("run", bundle, "--json", stdin=texts.encode()),
        edgelm("run", bundle, "--json", "--input", file),
    ):
        assert found == expected
    piped = shell("run", bundle, "--json", "--input", "-", input=texts.encode())
    assert [answer[0]["label"] for answer in lines(piped.out)] == [a[0]["label"] for a in lines(expected.out)]


def test_answers_for_people_are_columns(edgelm: Any, bundle: Path) -> None:
    found = edgelm("run", bundle, "--text", "good", "--text-pair", "film", "--top-k", 2)
    rows = [line.split("\t") for line in found.out.splitlines()]
    assert [len(row) for row in rows] == [2, 2]
    assert 1 >= float(rows[0][1]) >= float(rows[1][1]) >= 0


@pytest.mark.parametrize("task", TASKS)
def test_every_task_answers(edgelm: Any, make_checkpoint: Any, tmp_path: Path, task: str) -> None:
    own = "feature-extraction" if task == "sentence-similarity" else task
    assert edgelm("export", make_checkpoint("bert", own), "-t", "onnx", "-o", tmp_path, "--task", task).code == 0
    options = {
        "question-answering": ("--context", "he is in 北京"),
        "multiple-choice": ("--choice", "he", "--choice", "she"),
        "sentence-similarity": ("--text-pair", "she is"),
        "token-classification": ("--aggregation", "none"),
    }
    text = "where [MASK] he" if task == "fill-mask" else "where is he"
    arguments = ("run", tmp_path / "onnx", "--text", text, *options.get(task, ()))
    for found in (edgelm(*arguments, "--json"), edgelm(*arguments)):
        assert (found.code, found.err) == (0, "")
        assert found.out.strip()
    assert lines(edgelm(*arguments, "--json").out)


def test_a_reader_that_goes_away_is_no_bug(bundle: Path) -> None:
    command = [sys.executable, "-c", "import sys; from edgelm.cli import main; sys.exit(main())", "run", str(bundle)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(b"good\n" * 3000, timeout=60)
    assert (process.returncode, err) == (141, b"")


# -- inspect, targets, doctor ------------------------------------------------------------------------------------------


def test_inspect_a_checkpoint(edgelm: Any, classifier: Path) -> None:
    facts = json.loads(edgelm("inspect", classifier, "--json").out)
    assert (facts["architecture"], facts["task"]) == ("bert", "text-classification")
    assert facts["other tasks"] == ["feature-extraction"]
    assert facts["tokenizer"].startswith("WordPiece, lower-casing; special ids {'pad': 0")
    assert facts["targets"] == list(registry.targets())
    table = edgelm("inspect", "-m", classifier)
    assert (table.code, table.err) == (0, "")
    assert "architecture" in table.out


def test_inspect_counts_every_parameter(edgelm: Any, classifier: Path) -> None:
    from safetensors.numpy import load_file

    tensors = load_file(classifier / "model.safetensors")
    shared = sum(array.size for array in tensors.values())
    facts = json.loads(edgelm("inspect", classifier, "--json").out)
    assert facts["parameters"] == f"{shared / 1e6:.2f} M"


def test_inspect_a_bundle(edgelm: Any, bundle: Path) -> None:
    facts = json.loads(edgelm("inspect", bundle, "--json").out)
    assert (facts["target"], facts["labels"]) == ("onnx", ["bad", "so-so", "good"])
    assert edgelm("inspect", bundle).code == 0


def test_inspect_lists_the_built_in_models(edgelm: Any) -> None:
    assert "all-MiniLM-L6-v2" in json.loads(edgelm("inspect", "--list", "--json").out)
    assert "all-MiniLM-L6-v2" in edgelm("inspect", "--list").out


def test_targets_are_ready_or_come_with_a_command(edgelm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = json.loads(edgelm("targets", "--json").out)
    assert [row["target"] for row in rows] == list(registry.targets())
    assert {row["state"] for row in rows if registry.target(row["target"]).set_up is None} == {"ready"}
    monkeypatch.setattr(registry, "missing_modules", lambda _: ("onnx",))
    assert "pip install 'edgelm[onnx]'" in edgelm("targets").out


def test_doctor_compares_versions(edgelm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = edgelm("doctor", "--json")
    rows = {row["package"]: row for row in json.loads(found.out)}
    assert (found.code, rows["numpy"]["needed"], rows["huggingface_hub"]["needed"]) == (0, "2.0", "0.34")
    versions = {"numpy": "1.26.4", "rich": "13.9", "onnx": "99.0"}
    monkeypatch.setattr(inspection, "_found", versions.get)
    old = edgelm("doctor", "--json")
    states = {row["package"]: row["state"] for row in json.loads(old.out)}
    assert old.code == 3
    assert {package: states[package] for package in versions} == {
        "numpy": "too old",
        "rich": "older than tested",
        "onnx": "newer than tested",
    }
    assert states["openvino"] == "not installed"
    assert edgelm("doctor").code == 3


@pytest.mark.parametrize("arguments", [("targets",), ("doctor",), ("inspect", "--list"), ("inspect", "BUNDLE")])
def test_json_from_a_process(bundle: Path, arguments: tuple[str, ...]) -> None:
    found = shell(*[str(bundle) if word == "BUNDLE" else word for word in arguments], "--json")
    assert (found.code, found.err) == (0, "")
    assert json.loads(found.out)


# -- errors ------------------------------------------------------------------------------------------------------------


def test_errors_keep_stdout_empty_under_json(edgelm: Any, tmp_path: Path) -> None:
    for arguments in (("export", tmp_path, "-t", "onnx"), ("run", tmp_path), ("inspect", tmp_path)):
        found = edgelm(*arguments, "--json")
        assert (found.code, found.out) == (2, "")
        assert found.err.startswith("edgelm: ")


@pytest.mark.parametrize("place", [0, 1, -1])
def test_debug_may_stand_anywhere(edgelm: Any, tmp_path: Path, place: int) -> None:
    arguments: list[object] = ["inspect", tmp_path, "--json"]
    arguments.insert(place if place >= 0 else len(arguments), "--debug")
    found = edgelm(*arguments)
    assert found.code == 2
    assert "Traceback" in found.err
    assert "UsageError" in found.err


def test_a_bug_is_told_as_one(edgelm: Any, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converter = registry.converter_of(registry.target("onnx"))
    monkeypatch.setattr(type(converter), "convert", lambda *_: [][1])
    found = edgelm("export", classifier, "-t", "onnx", "-o", tmp_path / "out")
    assert (found.code, found.out, list(tmp_path.iterdir())) == (1, "", [])
    assert found.err == (
        "edgelm: a bug in edgelm, IndexError: list index out of range. Run again with --debug and report it.\n"
    )
