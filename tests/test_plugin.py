"""A third party's package, installed as a wheel, adds a format: listed, exported, proved and run as edgelm's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "plugin"
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]


@dataclass(frozen=True)
class Edgelm:
    """The command in a process that finds ``paths`` beside what is installed."""

    paths: Sequence[Path]

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "edgelm", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, self.paths))},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has installed the plug-in, and nothing else."""
    source, site = tmp_path_factory.mktemp("source") / "plugin", tmp_path_factory.mktemp("site")
    shutil.copytree(SOURCE, source)  # a build leaves its own files beside the sources
    subprocess.run([*PIP, "--target", str(site), str(source)], check=True)
    return site


@pytest.fixture(scope="module")
def edgelm(site: Path) -> Edgelm:
    """``edgelm(*arguments)``: the command beside the plug-in."""
    return Edgelm([site])


@pytest.fixture(scope="module")
def classifier(make_checkpoint: Callable[..., Path]) -> Path:
    return make_checkpoint("bert", "text-classification", id2label={"0": "bad", "1": "so-so", "2": "good"})


@pytest.fixture(scope="module")
def bundles(edgelm: Edgelm, classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The classifier exported to the plug-in's target, and to one of edgelm's own."""
    out = tmp_path_factory.mktemp("bundles")
    done = edgelm("export", classifier, "-t", "npz", "-t", "onnx", "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    return out


@pytest.fixture
def installed(tmp_path: Path, site: Path) -> Callable[..., Edgelm]:
    """``installed(name, source, **points)``: edgelm beside the plug-in and another distribution of one module.

    ``points`` are its entry points by group, ``targets`` or ``converters``.
    """

    def make(name: str, source: str, **points: str) -> Edgelm:
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source, "utf-8")
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
        groups = [f"[edgelm.{group}]\n{module} = {module}:{member}\n" for group, member in points.items()]
        (info / "entry_points.txt").write_text("\n".join(groups), "utf-8")
        return Edgelm([site, tmp_path])

    return make


def test_it_is_listed_with_its_origin(edgelm: Edgelm) -> None:
    rows = {row["target"]: row for row in json.loads(edgelm("targets", "--json").stdout)}
    assert list(rows)[-1] == "npz"  # after edgelm's own
    assert (rows["npz"]["origin"], rows["npz"]["state"], rows["npz"]["precisions"]) == ("edgelm-npz", "ready", "fp32")
    assert {row["origin"] for name, row in rows.items() if name != "npz"} == {"edgelm"}
    table = edgelm("targets").stdout.splitlines()
    assert "origin" in table[1]
    assert "edgelm-npz" in next(line for line in table if line.split()[:1] == ["npz"])


def test_its_bundle_is_proved_when_it_is_made_and_again_later(edgelm: Edgelm, bundles: Path, classifier: Path) -> None:
    exported = json.loads((bundles / "npz" / "report.json").read_text("utf-8"))
    validated = json.loads(edgelm("validate", bundles / "npz", "--against", classifier, "--json").stdout)
    for report in (exported, validated):
        assert (report["target"], report["verdict"]) == ("npz", "pass")
        measured = {check["group"] for check in report["checks"] if check["value"] is not None}
        assert measured == {"integrity", "parity", "invariance", "latency", "size"}
    manifest = json.loads((bundles / "npz" / "edgelm.json").read_text("utf-8"))
    assert manifest["toolchain"]["edgelm-npz"] == "1.0"


def test_it_answers_as_a_target_of_edgelm_s_own(edgelm: Edgelm, bundles: Path) -> None:
    theirs, ours = (
        json.loads(edgelm("run", bundles / target, "--text", "The movie was great!", "--json").stdout)
        for target in ("npz", "onnx")
    )
    assert [found["label"] for found in theirs] == [found["label"] for found in ours]
    for one, other in zip(theirs, ours, strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=1e-5)


def test_an_operator_it_lacks_is_named(edgelm: Edgelm, make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_checkpoint("bert", "text-classification", hidden_act="silu")
    found = edgelm("export", folder, "-t", "npz", "-o", tmp_path / "out")
    assert (found.returncode, found.stdout) == (4, "")
    assert found.stderr == "edgelm: npz has no operator sigmoid. Export it with --target onnx.\n"
    assert not list(tmp_path.iterdir())


def test_without_it_its_bundle_cannot_be_run(bundles: Path) -> None:
    found = Edgelm([])("run", bundles / "npz", "--text", "Hello!")
    assert (found.returncode, found.stdout) == (2, "")
    assert "Unknown target 'npz'" in found.stderr


def test_what_it_lacks_comes_with_its_own_install_command(installed: Callable[..., Edgelm]) -> None:
    source = """
from dataclasses import replace
from edgelm_npz import TARGETS
MORE = (replace(TARGETS[0], name="npz-gpu", extra="gpu", requires=("no_such_module",)),)
"""
    edgelm = installed("npz-gpu", source, targets="MORE")
    rows = {row["target"]: row for row in json.loads(edgelm("targets", "--json").stdout)}
    assert rows["npz-gpu"]["state"] == "pip install 'npz-gpu[gpu]'"


@pytest.mark.parametrize("group", ["targets", "converters"])
def test_a_second_one_of_that_name_is_named(group: str, installed: Callable[..., Edgelm]) -> None:
    member = group.upper()
    found = installed("npz-again", f"from edgelm_npz import {member}", **{group: member})("targets")
    assert (found.returncode, found.stdout) == (3, "")
    assert found.stderr == (
        f"edgelm: Both edgelm_npz:{member} and npz_again:{member} define npz. Run: pip uninstall npz-again\n"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_module", "is broken: ModuleNotFoundError: No module named 'no_such_module'."),
        ("TARGETS = []", "is not a tuple of converters or targets."),
    ],
)
def test_a_broken_one_is_named(source: str, message: str, installed: Callable[..., Edgelm]) -> None:
    found = installed("npz-broken", source, targets="TARGETS")("targets")
    assert (found.returncode, found.stdout) == (3, "")
    assert "npz_broken:TARGETS" in found.stderr
    assert found.stderr.endswith(f"{message} Run: pip uninstall npz-broken\n")
