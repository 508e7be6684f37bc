"""What `edgelm serve` was asked for: names and bundles, limits, tokens; checked before anything starts."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgelm import registry
from edgelm.bundle import Bundle
from edgelm.errors import UsageError

TOKENS_VARIABLE = "EDGELM_SERVE_TOKENS"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NAMED = re.compile(rf"({_NAME.pattern})=(.+)")


@dataclass(frozen=True)
class Limits:
    """What a request may hold and how long it may take; what a worker keeps waiting."""

    max_batch_tokens: int = 512
    """Texts times the longest of them; more gain nothing on a core, and others wait longer."""
    max_wait_ms: float = 2.0
    queue: int = 256
    """Texts that wait for one model in one worker: what a core does in a few seconds."""
    timeout_s: float = 30.0
    max_body_bytes: int = 4_000_000
    max_texts: int = 256
    max_characters: int = 100_000
    read_timeout_s: float = 10.0
    """Until a connection has sent its first request's headers, and until a request has sent its body."""
    keep_alive_s: int = 75
    """An idle connection is kept a little longer than the usual proxies keep theirs."""


@dataclass(frozen=True)
class Model:
    """A bundle under the name it is served by."""

    name: str
    path: Path


@dataclass(frozen=True)
class Settings:
    """One server."""

    models: tuple[Model, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    threads: int = 1
    """Of each worker's runtime."""
    limits: Limits = field(default_factory=Limits)
    tokens: frozenset[bytes] = frozenset()
    """Digests of the bearer tokens; none: everyone may ask."""
    drain_seconds: float = 30.0
    watch_seconds: float = 0.5
    """Between two looks at the bundles' folders; 0: they are read once."""

    def allows(self, token: bytes) -> bool:
        """Whether it is one of the tokens; as slow for a wrong one as for a right one."""
        given = digest(token)
        return sum(hmac.compare_digest(given, known) for known in self.tokens) > 0  # every one is compared


def digest(token: bytes) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token).digest()


def tokens_of(file: Path | None) -> frozenset[bytes]:
    """The digests of the tokens of a file, else of the environment; one token a line, ``#`` begins a comment."""
    if file is None:
        return frozenset(_digests(os.environ.get(TOKENS_VARIABLE, "").splitlines()))
    try:
        found = frozenset(_digests(file.read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"
        raise UsageError(f"Cannot read the token file {file}: {reason}.") from None
    if not found:
        raise UsageError(f"The token file {file} holds no token.", hint="Write one token a line.")
    return found


def _digests(lines: Iterable[str]) -> Iterable[bytes]:
    stripped = (line.strip() for line in lines)
    return (digest(line.encode("utf-8", "surrogateescape")) for line in stripped if line and not line.startswith("#"))


def models_of(arguments: Sequence[str]) -> tuple[Model, ...]:
    """Each ``BUNDLE`` or ``NAME=BUNDLE`` with its name; UsageError or ToolchainError when one cannot be served."""
    if not arguments:
        raise UsageError("No BUNDLE given.", hint="Make one: edgelm export MODEL --target onnx")
    named = [_split(argument) for argument in arguments]
    bundles = [Bundle.open(path) for _, path in named]
    for bundle in bundles:
        bundle.verify()
    found = [registry.target(bundle.manifest["target"]) for bundle in bundles]
    registry.require(found)
    for bundle, target in zip(bundles, found, strict=True):
        if target.emulated:
            raise UsageError(f"{bundle.path} cannot be served here: {target.emulated}.", hint="Export it for onnx.")
    own = [name for name, _ in named if name]
    if len(set(own)) < len(own):
        raise UsageError("A NAME is given twice.", hint="Each NAME=BUNDLE is a model of its own.")
    taken = set(own)
    models = []
    for (name, path), bundle in zip(named, bundles, strict=True):
        models.append(Model(name or _free_name(bundle, taken), path))
        taken.add(models[-1].name)
    return tuple(models)


def _split(argument: str) -> tuple[str, Path]:
    """The name, or nothing, and the folder. A folder whose own name holds ``=`` is a folder."""
    match = _NAMED.fullmatch(argument)
    if match is None or Path(argument).exists():
        return "", Path(argument)
    return match[1], Path(match[2])


def _free_name(bundle: Bundle, taken: set[str]) -> str:
    """The model's own name without its owner; with the target, then with a number, where others have it."""
    last = str(bundle.manifest["model"]).rstrip("/").rpartition("/")[2]
    own = re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-._") or "model"
    names = [own, f"{own}-{bundle.manifest['target']}"]
    names += [f"{names[1]}-{number}" for number in range(2, len(taken) + 3)]
    return next(name for name in names if name not in taken)
