"""`edgelm compress`: from a recipe's name to a student's folder, and what is refused before anything runs."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgelm import cli, report
from edgelm.cli.compress import compress as command
from edgelm.compress.lineage import read, title, to_dict
from edgelm.compress.passes import Depth, Distill, Embedding, Pass, Vocab, Width
from edgelm.compress.recipe import BUILTIN_RECIPES, Recipe, to_toml

MODULE: Any = sys.modules["edgelm.cli.compress"]
"""The module, whose name in its package is the command's."""
ROWS = ["the movie was good\tLABEL_0", "a bad boring film\tLABEL_1", "it is great\tLABEL_2", "he hates paris\tLABEL_1"]


@pytest.fixture
def model(make_checkpoint: Callable[..., Path]) -> Path:
    return make_checkpoint("bert", "text-classification")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "train.tsv"
    path.write_text("\n".join(["text\tlabel", *ROWS * 4]) + "\n", "utf-8")
    return path


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """``save(*passes, name="mine")``: the recipe's file."""

    def write(*passes: Pass, name: str = "mine") -> Path:
        path = tmp_path / f"{name}.toml"
        path.write_text(to_toml(Recipe(name, passes=passes)), "utf-8")
        return path

    return write


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """``run(*arguments)``: exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = cli.main(["compress", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


# -- students ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch")
def test_a_student_is_made_told_and_recorded(
    model: Path, data: Path, save: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    recipe = save(Depth(1, samples=8), Distill(epochs=1, batch_size=8))
    arguments = (model, "-r", recipe, "--train", data, "--eval", data, "-o", tmp_path / "student", "--threads", 1)
    code, out, err = run(*arguments)
    assert code == 0, err
    lines = [line for line in err.splitlines() if line.startswith(("depth", "distill"))]
    assert len(lines) == 2
    assert all(word in line for line in lines for word in ("parameters", "MB int8", "FLOPs", "accuracy"))
    record = read(tmp_path / "student")
    _, name, *words = shlex.split(record.command)
    assert name == "compress"
    assert (
        command.make_context("compress", words).params
        == command.make_context("compress", [*map(str, arguments)]).params
    )
    assert [one.kind for one in record.passes] == ["depth", "distill"]
    table = [line.split() for line in out.splitlines()]
    assert [row[0] for row in table if row and row[0] in (model.name, "mine")] == [model.name, "mine"]
    assert str(tmp_path / "student") in out


@pytest.mark.usefixtures("torch")
def test_a_family_that_is_only_exported(
    make_checkpoint: Callable[..., Path], data: Path, run: Run, tmp_path: Path
) -> None:
    """Refused before anything is trained, by what edgelm's own encoder has no form of."""
    folder = make_checkpoint("modernbert", "text-classification")
    code, _, err = run(folder, "-r", "nano", "--train", data, "-o", tmp_path / "student")
    assert code == 4
    assert "rotary positions, local attention" in err
    assert not (tmp_path / "student").exists()


@pytest.mark.usefixtures("torch")
def test_several_students_of_one_run_as_json(
    model: Path, data: Path, save: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    first, second = save(Depth(1, samples=8), name="a"), save(Depth(1, samples=8), Embedding(8), name="b")
    code, out, err = run(model, "-r", first, "-r", second, "--train", data, "-o", tmp_path / "s", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert [one["folder"] for one in found] == [str(tmp_path / "s" / name) for name in ("a", "b")]
    assert [one["compression"] for one in found] == [to_dict(read(tmp_path / "s" / name)) for name in ("a", "b")]
    assert found[1]["compression"]["passes"][0]["status"] == "reused"


@pytest.mark.usefixtures("torch")
def test_a_student_exports_with_its_past_in_the_report(
    model: Path, data: Path, save: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    student, bundles = tmp_path / "student", tmp_path / "bundles"
    assert run(model, "-r", save(Depth(1, samples=8)), "--train", data, "--eval", data, "-o", student)[0] == 0
    for folder, output in ((model, bundles / "teacher"), (student, bundles / "student")):
        assert cli.main(["export", str(folder), "-t", "onnx", "--eval", str(data), "-o", str(output)]) == 0
    found = {one.model: one for one in report.find(bundles)}
    assert found[model.name].compression is None
    assert found["student"].compression == read(student).lineage()
    assert cli.main(["report", str(bundles)]) == 0
    page = (bundles / "report.html").read_text("utf-8")
    for plot in ("Accuracy against latency", "Accuracy against size", "Accuracy after each pass, against size"):
        assert f"<title>{plot}</title>" in page


# -- the plan ----------------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_what_each_pass_will_leave(run: Run, tmp_path: Path) -> None:
    names = ("micro", "nano", "training-free", "mini-vocab")
    flags = [word for name in names for word in ("-r", name)]
    code, out, err = run("all-MiniLM-L6-v2", *flags, "--dry-run", "-o", tmp_path / "student")
    assert (code, err, [*tmp_path.iterdir()]) == (0, "", [])
    cells = [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in out.splitlines()]
    teacher = cells.index(["nano", "all-MiniLM-L6-v2", "22.6 M", "10.6 M", "90.3 MB", "22.9 MB", "2.87 G"])
    last = [row for row in cells if row[:1] == ["nano"]][-1]
    assert last[1].endswith("hidden 312, heads 12, head size 26, FFN 1200")
    assert last[2:] == ["14.3 M", "4.57 M", "57.0 MB", "14.5 MB", "1.25 G"]
    assert ["mini-vocab", "depth to 6 layers, skipped", *(f"~ {cell}" for cell in cells[teacher][2:])] in cells
    assert "~: as if a budget cut every layer evenly" in out


def test_a_dry_run_as_json(run: Run) -> None:
    code, out, _ = run("all-MiniLM-L6-v2", "-r", "nano", "--dry-run", "--json")
    found = json.loads(out)
    assert (code, found["model"], found["task"]) == (0, "all-MiniLM-L6-v2", "sentence-similarity")
    assert [one["encoder"] for one in found["recipes"]["nano"]] == [10646784, 7097856, 7097856, 4568736]
    assert [one["exact"] for one in found["recipes"]["nano"]] == [True] * 4


@pytest.mark.parametrize("name", [*BUILTIN_RECIPES, "4L-312"])
def test_every_recipe_there_is_has_a_plan(run: Run, name: str) -> None:
    assert run("all-MiniLM-L6-v2", "-r", name, "--dry-run")[0] == 0


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(
    "step",
    [
        Depth(1, samples=8),
        Embedding(8),
        Width(hidden_size=24, heads=3, head_size=6, intermediate_size=40, samples=8),
        Width(intermediate_size=16, samples=8),
        Width(heads=1, samples=8),
        Distill(epochs=1, batch_size=8, prune=Width(hidden_size=16, heads=2, samples=8)),
    ],
    ids=title,
)
def test_the_plan_is_what_comes_of_it(
    model: Path, data: Path, save: Callable[..., Path], run: Run, tmp_path: Path, step: Pass
) -> None:
    arguments = (model, "-r", save(step), "--train", data, "-o", tmp_path / "student", "--json")
    planned = json.loads(run(*arguments, "--dry-run")[1])["recipes"]["mine"]
    code, out, err = run(*arguments)
    assert code == 0, err
    record = json.loads(out)[0]["compression"]
    for plan, found in zip(planned, [record["teacher"], *record["passes"]], strict=True):
        assert {key: plan[key] for key in found["sizes"]} == found["sizes"]


# -- refused before anything runs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "more", "told"),
    [
        (Distill(), (), "The recipe mine needs --train: its distill pass learns on those rows."),
        (Depth(1), (), "needs --train: its depth pass measures importance"),
        (Width(flops=0.5), (), "needs --train: its width pass measures importance"),
        (Vocab(), (), "needs --train or --unlabelled: its vocab pass keeps what those texts need."),
        (Width(latency_ms=3), ("--train", "TRAIN"), "needs --target: latency_ms = 3 is measured there."),
        (Distill(prune=Width(latency_ms=3)), ("--train", "TRAIN"), "needs --target"),
        (Embedding(8), ("--max-drop", "0.1"), "--max-drop needs labelled examples. Pass --eval FILE."),
        (Embedding(8), ("--eval", "nowhere.tsv"), "nowhere.tsv is no file."),
        (Embedding(8), ("--unlabelled", "nowhere.txt"), "nowhere.txt is no file."),
        (Embedding(64), (), "rank = 64 is above the model's 32; corrected: rank = 32"),
        (Depth(3), ("--train", "TRAIN"), "layers = 3 is above the model's 2; corrected: layers = 2"),
        (Embedding(8), ("--task", "question-answering"), "has no head for question-answering"),
        (Embedding(8), ("--precision", "int4"), "'int4' is not one of"),
        (Embedding(8), ("--seed", "-1"), "-1 is not in the range"),
    ],
)
def test_what_a_recipe_lacks_is_told(
    model: Path,
    data: Path,
    save: Callable[..., Path],
    run: Run,
    tmp_path: Path,
    step: Pass,
    more: tuple[str, ...],
    told: str,
) -> None:
    recipe, output = save(step), tmp_path / "student"
    words = [str(data) if word == "TRAIN" else word for word in more]
    code, out, err = run(model, "-r", recipe, "-o", output, *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert not output.exists()


def test_a_faulty_recipe_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[[pass]]\nkind = "distill"\n\nlearning_rat = 1e-4\n')
    code, _, err = run("all-MiniLM-L6-v2", "-r", tmp_path / "bad.toml")
    assert code == 2
    assert "bad.toml:4: unknown key learning_rat in [[pass]] distill; corrected: learning_rate = 0.0001" in err


def test_recipes_that_would_share_a_folder_and_none_at_all(run: Run) -> None:
    assert "No --recipe given. Give mini, micro, nano" in run("all-MiniLM-L6-v2")[2]
    assert "Two recipes are named nano." in run("all-MiniLM-L6-v2", "-r", "nano", "-r", "nano")[2]
    assert "No MODEL given." in run("-r", "nano", "--dry-run")[2]


def test_what_is_no_student_is_left_alone(model: Path, save: Callable[..., Path], run: Run, tmp_path: Path) -> None:
    recipe, output = save(Embedding(8)), tmp_path / "student"
    output.mkdir()
    (output / "thesis.tex").write_text("mine")
    code, _, err = run(model, "-r", recipe, "-o", output)
    assert (code, "exists and is no student; it is left alone" in err) == (2, True)
    code, _, err = run(model, "-r", recipe, "-o", output / "thesis.tex")
    assert (code, "is no folder" in err) == (2, True)
    assert [path.name for path in output.iterdir()] == ["thesis.tex"]


def test_without_torch_the_message_is_the_command(
    model: Path, save: Callable[..., Path], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("edgelm.cli._options.find_spec", lambda name: None if name in ("torch", "accelerate") else 1)
    code, _, err = run(model, "-r", save(Embedding(8)), "-o", tmp_path / "student")
    assert (code, err) == (3, "edgelm: Not installed: torch, accelerate. Run: pip install 'edgelm[compress]'\n")


def test_the_help_and_a_plan_need_no_torch() -> None:
    import subprocess

    code = (
        "import sys; from edgelm.cli import main; "
        "main(['compress', '--help']); main(['compress', 'all-MiniLM-L6-v2', '-r', 'pico', '--dry-run']); "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "with width hidden 128" in done.stdout


def test_every_option_reaches_the_request() -> None:
    from dataclasses import fields

    from edgelm.compress.run import CompressRequest

    own = {"model", "recipes", "train", "evaluation", "unlabelled", "command"}
    assert {field.name for field in fields(CompressRequest)} == own | set(MODULE._REQUESTED)
    known: set[Any] = {parameter.name for parameter in command.params}
    assert known >= (own - {"command"}) | set(MODULE._REQUESTED)
