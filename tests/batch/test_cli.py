"""`edgelm run --input --output` on the command line: what it prints, what it refuses, and what it never touches."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgelm.batch.answers import Answered
from edgelm.batch.journal import Output
from edgelm.batch.reading import Place
from edgelm.cli import main
from edgelm.errors import UsageError

from .conftest import COMMAND, lines

GOOD = [{"text": "good"}, {"text": "bad"}]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """``call(*arguments)``: the exit code, stdout and stderr of `edgelm run`."""

    def called(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["run", *map(str, arguments)])
        return code, *capsys.readouterr()

    return called


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def begin(folder: Path, labels: Path, make_input: Any) -> Path:
    """A run that a disk with room for little has stopped; gives its output's path."""
    source = make_input([{"text": "good", "filler": "x" * 100_000}] * 12)
    output = folder / "out.jsonl"
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000)); " + COMMAND[2]
    arguments = [str(labels), "--input", str(source), "-o", str(output), "--workers", "1"]
    found = subprocess.run([sys.executable, "-c", code, "run", *arguments], capture_output=True, check=False)
    assert found.returncode == 2, found.stderr
    return output


def test_answers_go_to_the_file_and_the_count_to_stderr(call: Any, labels: Path, make_input: Any) -> None:
    source = make_input(GOOD)
    output = source.with_name("out.jsonl")
    code, out, err = call(labels, "--input", source, "-o", output, "--top-k", 1)
    assert (code, out) == (0, "")
    assert err.startswith(f"2 rows in {output}, ")
    alone = call(labels, "--text", "good", "--text", "bad", "--top-k", 1, "--json")[1]
    expected = [{**row, "output": json.loads(line)} for row, line in zip(GOOD, alone.splitlines(), strict=True)]
    found = lines(output)
    assert [row["output"][0].pop("score") for row in found] == pytest.approx(
        [row["output"][0].pop("score") for row in expected], abs=1e-5
    )
    assert found == expected


def test_rows_that_cannot_be_answered_are_told_at_the_end_and_never_0(call: Any, labels: Path, make_input: Any) -> None:
    source = make_input(["", *map(json.dumps, GOOD), "{", '{"text": 1}'])
    output = source.with_name("out.jsonl")
    code, out, err = call(labels, "--input", source, "-o", output)
    assert (code, out) == (2, "")
    assert "2 of 4 rows could not be answered, the first of them line 4" in err
    assert [row["error"]["line"] for row in lines(output)[2:]] == [4, 5]


@pytest.mark.parametrize("rows", [b'{"text": "good"}\n{"text": "bad"}\n', b'\xef\xbb\xbf\n\n{"text": "good"}\nx'])
def test_a_pipe_is_read_once(labels: Path, start: Any, tmp_path: Path, rows: bytes) -> None:
    process = start(labels, "--input", "-", "-o", tmp_path / "out.jsonl", stdin=subprocess.PIPE)
    err = process.communicate(rows)[1]
    assert process.returncode == (0 if rows.startswith(b"{") else 2), err
    assert lines(tmp_path / "out.jsonl")[0]["text"] == "good"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_text_file_is_texts_and_a_pipe_that_begins_with_one_too(
    call: Any, labels: Path, start: Any, tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_text('good\r\n\n{"text": "bad"}\n', newline="")
    assert call(labels, "--input", tmp_path / "in.txt", "-o", tmp_path / "out.jsonl")[0] == 0
    assert [row["text"] for row in lines(tmp_path / "out.jsonl")] == ["good", '{"text": "bad"}']
    with (tmp_path / "in.txt").open("rb") as texts:
        process = start(labels, "--input", "-", "-o", tmp_path / "piped.jsonl", stdin=texts)
        assert process.communicate()[0] == b""
    assert contents(tmp_path)["piped.jsonl"] == contents(tmp_path)["out.jsonl"]


def test_progress_is_for_terminals(labels: Path, make_input: Any) -> None:
    source = make_input([*({"text": "good", "filler": "x" * 30_000} for _ in range(40)), "{"])
    master, terminal = os.openpty()
    arguments = [str(labels), "--input", str(source), "-o", str(source.with_name("out.jsonl")), "--workers", "1"]
    process = subprocess.Popen([*COMMAND, *arguments], stderr=terminal, env={**os.environ, "COLUMNS": "150"})
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # Linux's end of a terminal whose other side is closed
        pass
    os.close(master)
    assert process.wait(60) == 2
    assert b"rows/s" in shown
    assert b"left" in shown
    assert b"1 of 41 rows could not be answered" in shown


# -- what is refused ---------------------------------------------------------------------------------------------------

Refusal = tuple[list[str], str]
REFUSALS: dict[str, Refusal] = {
    "no input": (["-o", "{}/out"], "Give --input FILE"),
    "a missing input": (
        ["--input", "{}/nowhere", "-o", "{}/out"],
        "nowhere cannot be read: No such file or directory.",
    ),
    "a folder as input": (["--input", "{}", "-o", "{}/out"], "cannot be read: Is a directory."),
    "a compressed input": (["--input", "{}/in.gz", "-o", "{}/out"], "gzip -dc in.gz | edgelm run --input -"),
    "an empty input": (["--input", "{}/empty", "-o", "{}/out"], "empty holds no text."),
    "a blank input": (["--input", "{}/blank", "-o", "{}/out"], "blank holds no text."),
    "a folder as output": (["--input", "{}/in.jsonl", "-o", "{}"], "is a folder. Give a file as --output."),
    "an output in no folder": (["--input", "{}/in.jsonl", "-o", "{}/a/b"], "a is no folder. Make it"),
    "an output in a file": (["--input", "{}/in.jsonl", "-o", "{}/blank/b"], "blank is no folder."),
    "an output that is no file": (["--input", "{}/in.jsonl", "-o", "/dev/null"], "/dev/null is no plain file."),
    "a name that is too long": (["--input", "{}/in.jsonl", "-o", "{}/" + "x" * 300], "File name too long"),
    "an output that cannot be written": (["--input", "{}/in.jsonl", "-o", "/proc/out"], "Cannot write /proc/out"),
    "an output that exists": (["--input", "{}/in.jsonl", "-o", "{}/blank"], "exists. Choose another --output, or"),
    "the input as output": (["--input", "{}/in.jsonl", "-o", "{}/in.jsonl", "--overwrite"], "in.jsonl is the input."),
    "a partial of someone else": (["--input", "{}/in.jsonl", "-o", "{}/other"], "this run cannot go on from it"),
    "a damaged journal": (["--input", "{}/in.jsonl", "-o", "{}/damaged"], "damaged.journal is damaged"),
    "no output": (["--input", "{}/in.jsonl", "--strict"], "--strict is for --input with --output. Give --output FILE."),
    "an unknown engine": (["--input", "{}/in.jsonl", "-o", "{}/out", "--engine", "dask"], "'dask' is not one of"),
    "no workers": (["--input", "{}/in.jsonl", "-o", "{}/out", "--workers", "0"], "0 is not in the range x>=1"),
    "a text": (["--text", "a", "-o", "{}/out"], "--output is for the answers to a file."),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_is_refused_and_leaves_nothing_behind(
    call: Any, labels: Path, make_input: Any, tmp_path: Path, name: str
) -> None:
    make_input(GOOD)
    files = {
        "in.gz": b"\x1f\x8b",
        "empty": b"",
        "blank": b"\n \n",
        "other.partial": b"precious",
        "damaged.journal": b"x",
    }
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    before = contents(tmp_path)
    arguments, message = REFUSALS[name]
    code, out, err = call(labels, *(argument.replace("{}", str(tmp_path)) for argument in arguments))
    assert (code, out) == (2, ""), err
    assert message in err
    assert err.count("\n") == 1
    assert contents(tmp_path) == before


def test_ray_that_is_missing_comes_with_its_command(
    call: Any, labels: Path, make_input: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    source = make_input(GOOD)
    code, _, err = call(labels, "--input", source, "-o", source.with_name("out"), "--engine", "ray")
    assert (code, err) == (3, "edgelm: Not installed: ray. Run: pip install 'edgelm[ray]'\n")
    assert [path.name for path in source.parent.iterdir()] == ["in.jsonl"]


def test_an_existing_output_stays_until_another_is_whole(call: Any, labels: Path, make_input: Any) -> None:
    source = make_input(GOOD)
    output = source.with_name("out.jsonl")
    output.write_text("the only copy")
    empty = make_input([], "empty.jsonl")
    assert call(labels, "--input", empty, "-o", output, "--overwrite")[0] == 2
    assert output.read_text() == "the only copy"
    assert call(labels, "--input", source, "-o", output, "--overwrite")[0] == 0
    assert len(lines(output)) == 2


@pytest.mark.parametrize("changed", ["input", "bundle", "options"])
def test_another_run_is_not_gone_on_from(
    call: Any, labels: Path, make_input: Any, tmp_path: Path, changed: str
) -> None:
    output = begin(tmp_path, labels, make_input)
    source, bundle, options = tmp_path / "in.jsonl", labels, []
    if changed == "input":
        make_input([{"text": "good"}])
    elif changed == "bundle":
        bundle = tmp_path / "bundle"
        shutil.copytree(labels, bundle)
        manifest = bundle / "edgelm.json"
        manifest.write_bytes(manifest.read_bytes() + b"\n")
    else:
        options = ["--top-k", "1"]
    before = contents(tmp_path)
    code, _, err = call(bundle, "--input", source, "-o", output, *options)
    assert (code, contents(tmp_path)) == (2, before)
    assert f"out.jsonl.partial is of another run: not the same {changed}." in err
    assert call(bundle, "--input", source, "-o", output, *options, "--overwrite")[0] == 0
    assert sorted(contents(tmp_path)) == ["in.jsonl", "out.jsonl"]
    assert len(lines(output)) == (1 if changed == "input" else 12)


def test_overwrite_goes_on_where_the_same_run_stopped(call: Any, labels: Path, make_input: Any, tmp_path: Path) -> None:
    output = begin(tmp_path, labels, make_input)
    output.write_text("an older one")
    kept = (tmp_path / "out.jsonl.partial").read_bytes()
    assert "exists" in call(labels, "--input", tmp_path / "in.jsonl", "-o", output)[2]
    inode = (tmp_path / "out.jsonl.partial").stat().st_ino
    assert call(labels, "--input", tmp_path / "in.jsonl", "-o", output, "--overwrite")[0] == 0
    assert (output.stat().st_ino, len(lines(output))) == (inode, 12)
    assert output.read_bytes().startswith(kept[: kept.rfind(b"\n") + 1])


def test_an_output_that_is_shorter_than_its_journal_is_not_gone_on_from(
    call: Any, labels: Path, make_input: Any, tmp_path: Path
) -> None:
    output = begin(tmp_path, labels, make_input)
    os.truncate(tmp_path / "out.jsonl.partial", 10)
    code, _, err = call(labels, "--input", tmp_path / "in.jsonl", "-o", output)
    assert code == 2
    assert "has 10 bytes; its journal says" in err


def test_two_runs_do_not_write_one_output(call: Any, labels: Path, start: Any, make_input: Any, tmp_path: Path) -> None:
    first = start(labels, "--input", "-", "-o", tmp_path / "out.jsonl", "--workers", 1, stdin=subprocess.PIPE)
    first.stdin.write(b'{"text": "good"}\n')
    first.stdin.flush()
    while not (tmp_path / "out.jsonl.partial").exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    code, _, err = call(labels, "--input", make_input(GOOD), "-o", tmp_path / "out.jsonl")
    assert (code, "Another run is writing" in err) == (2, True)
    assert first.communicate(b"")[0] == b""
    assert (first.returncode, len(lines(tmp_path / "out.jsonl"))) == (0, 1)


def test_a_run_that_comes_between_the_look_and_the_lock_keeps_its_output(tmp_path: Path) -> None:
    def answered(rows: int) -> Answered:
        return Answered(b"{}\n" * rows, Place(rows, rows), rows)

    path, identity = tmp_path / "out.jsonl", {"input": "a"}
    late = Output(path, identity, overwrite=False)
    with Output(path, identity, overwrite=False) as first:
        first.append(answered(2))
    later = Output(path, identity, overwrite=False)
    with pytest.raises(UsageError, match="Another run has just written"), late:
        pass
    with Output(path, identity, overwrite=False) as again:
        again.append(answered(1))
        again.finish()
    for one in (late, later):
        with pytest.raises(UsageError, match=r"out\.jsonl exists|has just written"), one:
            pass
    assert contents(tmp_path) == {"out.jsonl": b"{}\n" * 3}


def test_a_pipe_that_was_not_read_to_its_end_leaves_nothing(labels: Path, start: Any, tmp_path: Path) -> None:
    process = start(labels, "--input", "-", "-o", tmp_path / "out.jsonl", "--workers", 1, stdin=subprocess.PIPE)
    process.stdin.write(b'{"text": "good"}\n')
    process.stdin.flush()
    while not (tmp_path / "out.jsonl.partial").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert b"interrupted; nothing half-written" in process.communicate()[1]
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
