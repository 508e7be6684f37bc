"""Real server processes on free ports, with tiny bundles of every task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.session import Session
from edgelm.types import Verdict

from .running import Server

SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Smaller matrices are not quantized."""
collect_ignore = [] if find_spec("tritonclient") else ["test_triton_client.py"]
LABELS = {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"}


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """``serve(*arguments, headers={})``: a server that is ready; all are ended at the end."""
    started: list[Server] = []

    def start(*arguments: object, headers: dict[str, str] | None = None, workers: int = 2) -> Server:
        log_file = tmp_path_factory.mktemp("serve") / "log"
        command = [sys.executable, "-m", "edgelm", "serve", *map(str, arguments), "--port", "0"]
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*command, "--workers", str(workers)],
                stderr=log,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "EDGELM_SERVE_TOKENS": ""},
            )
        server = Server(process, log_file, headers=headers or {})
        started.append(server)
        server.url = server.wait_for("serving")[0]["url"]
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``make_bundle(checkpoint, target="onnx", **request)``: the folder of a fresh bundle."""

    def make(folder: Path, target: str = "onnx", **request: Any) -> Path:
        out = tmp_path_factory.mktemp("bundles")
        (report,) = export(Plan(ExportRequest(str(folder), (target,), out, threads=1, **request)), lambda *_: None)
        assert report.verdict is Verdict.PASS, report.checks
        return out / target

    return make


@pytest.fixture(scope="session")
def bundles(
    make_checkpoint: Callable[..., Path],
    make_sentence_model: Callable[..., Path],
    make_bundle: Callable[..., Path],
) -> dict[str, Path]:
    """A bundle of every task by a name; ``small`` is one of ``labels``' model in TFLite, ``int8`` one in int8."""
    classifier = make_checkpoint("bert", "text-classification", **SIZES)
    return {
        "labels": make_bundle(classifier),
        "small": make_bundle(classifier, "tflite"),
        "int8": make_bundle(classifier, precision="int8"),
        "entities": make_bundle(make_checkpoint("bert", "token-classification", id2label=LABELS, num_labels=5)),
        "spans": make_bundle(make_checkpoint("bert", "question-answering"), max_length=32),
        "masks": make_bundle(make_checkpoint("bert", "fill-mask")),
        "choices": make_bundle(make_checkpoint("bert", "multiple-choice")),
        "states": make_bundle(make_checkpoint("bert")),
        "vectors": make_bundle(make_sentence_model()),
        "prompted": make_bundle(_with_prompts(make_sentence_model())),
        "scores": make_bundle(make_checkpoint("bert", "text-classification", num_labels=1)),
        "joint": make_bundle(make_checkpoint("bert", "intent-and-slots")),
    }


def _with_prompts(folder: Path) -> Path:
    prompts = {"prompts": {"query": "who is ", "passage": "it is "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return folder


@pytest.fixture(scope="session")
def sessions(bundles: dict[str, Path]) -> dict[str, Session]:
    """The same bundles, offline."""
    return {name: Session.open(path, threads=1) for name, path in bundles.items()}


@pytest.fixture(scope="session")
def server(serve: Callable[..., Server], bundles: dict[str, Path]) -> Server:
    """One server of all bundles, with two workers; no test changes it."""
    return serve(*(f"{name}={path}" for name, path in bundles.items()))
