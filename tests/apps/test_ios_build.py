"""What of the generated iOS project is built without a Mac: its Swift package, which reads its bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelm.apps import Made
from edgelm.tokenizer import TextTokenizer

from .conftest import ROOT

TEXT = "我爱北京 London"


@pytest.mark.slow
def test_the_package_is_built_from_the_project_and_reads_its_bundle(
    project: Callable[..., Made], bundles: Path, tmp_path: Path
) -> None:
    path = project("ios").request.output
    shutil.copy(ROOT / "ios_demo" / "build.sh", path)  # a project is built by Xcode and has no such script
    built = subprocess.run([str(path / "build.sh"), str(tmp_path / "bin")], check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    bundle = path / "EdgeLMDemo/Bundles/tagger"
    requests = [
        {"id": 1, "op": "bundle", "path": str(bundle)},
        {"id": 2, "op": "open", "tokenizer": str(bundle / "tokenizer.json")},
        {"id": 3, "op": "encode", "text": TEXT},
    ]
    done = subprocess.run(
        [built.stdout.strip().splitlines()[-1]],
        input="".join(json.dumps(request) + "\n" for request in requests),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    manifest = json.loads((bundle / "edgelm.json").read_text("utf-8"))
    assert replies[0]["ok"]["task"] == "token-classification"
    tokenizer = TextTokenizer.from_bundle(bundles / "coreml", manifest["tokenizer"])
    assert replies[2]["ok"]["ids"] == tokenizer.encode(TEXT).ids
