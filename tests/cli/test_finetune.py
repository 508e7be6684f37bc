"""`edgelm finetune`: options to one request, its defaults those of the loop, its words on the right stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from edgelm import cli
from edgelm.cli.finetune import finetune

ROWS = [{"text": text, "label": label} for text, label in (("a good film", 1), ("a bad film", 0))] * 4


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture
def command(make_checkpoint: Callable[..., Path], train: Path, tmp_path: Path) -> list[str]:
    model, task = str(make_checkpoint("bert")), ("--task", "text-classification", "--batch-size", "4")
    return ["finetune", model, "--train", str(train), *task, "--epochs", "1", "-o", str(tmp_path / "out")]


def test_the_defaults_are_the_settings_own(torch: Any) -> None:
    from edgelm.compress.schedule import Settings

    assert torch.get_num_threads() == 1
    shown = {parameter.name: parameter.default for parameter in finetune.params}
    own = {one.name: getattr(Settings(), one.name) for one in fields(Settings)}
    assert {name: shown[name] for name in own if own[name] is not None} == {
        k: v for k, v in own.items() if v is not None
    }
    assert own.keys() <= shown.keys()


def test_a_training_from_the_command_line(
    command: list[str], train: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main([*command, "--eval", str(train), "--json", "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert record == json.loads((tmp_path / "out" / "training.json").read_text())
    assert record["data"]["train"]["examples"] == len(ROWS)
    assert "a new head of 2 labels" in err
    assert "training on 8 rows" in err


def test_the_table_names_metric_and_folder(
    command: list[str], train: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main([*command, "--eval", str(train)]) == 0
    out = capsys.readouterr().out
    assert "accuracy" in out
    assert str(tmp_path / "out") in out


def test_settings_that_make_no_sense_are_usage(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, "--learning-rate", "-1"]) == 2
    assert capsys.readouterr().err == "edgelm: learning_rate is -1.0; expected a positive number.\n"


def test_without_torch_the_command_is_told(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgelm.cli import _options

    monkeypatch.setattr(_options, "find_spec", lambda name: None if name == "accelerate" else object())
    assert cli.main(command) == 3
    assert capsys.readouterr().err == "edgelm: Not installed: accelerate. Run: pip install 'edgelm[compress]'\n"


def test_an_interrupted_training_says_how_to_go_on(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgelm.compress import train as training

    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_after_step", interrupt)
        assert cli.main(command) == 130
    assert "--resume" in capsys.readouterr().err
    assert cli.main([*command, "--resume"]) == 0
