"""edgelm's own set-ups: what is not there is told with its command, what is there is not made again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from edgelm import environments, registry, setups
from edgelm.cli import main
from edgelm.errors import ToolchainError, UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of edgelm's."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def made(cache: Path, name: str) -> Path:
    """The Python of a finished environment."""
    wanted = setups.SET_UPS[name]
    place = cache / "runtimes" / f"{wanted.name}-{wanted.version}-py3.11"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    stamp = {"schema": environments.SCHEMA, "python": "3.11.7", "packages": {wanted.name: wanted.version}}
    (place / "edgelm.json").write_text(json.dumps(stamp))
    return place / "bin" / "python"


@pytest.mark.parametrize("name", setups.SET_UPS)
def test_what_is_not_there_comes_with_its_command(name: str, cache: Path) -> None:
    requirement = setups.SET_UPS[name].requirement
    assert setups.find(name) is None
    assert setups.missing(name) == f"{requirement} is not set up; run: edgelm doctor --install {name}"
    with pytest.raises(ToolchainError) as raised:
        setups.require(name, "Reading x")
    assert (
        raised.value.message == f"Reading x needs {requirement} in an environment of its own, which is not installed."
    )
    assert raised.value.hint == f"Run: edgelm doctor --install {name}"
    assert not cache.exists()


@pytest.mark.parametrize("name", setups.SET_UPS)
def test_what_is_there_is_not_made_again(name: str, cache: Path) -> None:
    python = made(cache, name)
    assert setups.missing(name) is None
    assert setups.require(name, "Reading x").python == python
    said: list[str] = []
    registry.install(name, said.append)
    assert said == []
    assert main(["doctor", "--install", name]) == 0


def test_nothing_of_that_name() -> None:
    with pytest.raises(UsageError, match="Nothing to install is called 'torch'") as raised:
        registry.install("torch", print)
    assert raised.value.hint == "There are: arm64, executorch, paddle, tensorflow."
