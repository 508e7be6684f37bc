"""The bundles a worker serves: loaded and proven before they answer, and replaced when their folder is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelm import golden, registry
from edgelm.bundle import MANIFEST, Bundle, sha256
from edgelm.checkpoint import read_json
from edgelm.errors import EdgelmError, ParityError, UsageError
from edgelm.serve.engine import Engine
from edgelm.serve.log import bug, log
from edgelm.serve.metrics import Metrics
from edgelm.serve.settings import Model, Settings
from edgelm.session import Session
from edgelm.tokenizer import cut
from edgelm.types import TensorSpec, Tolerance, Verdict
from edgelm.validate import parity

_Stamp = tuple[int, int, int, int] | None
"""Of a bundle's manifest: other values are another bundle; None: there is none now."""


@dataclass
class Served:
    """One model: its engine, and what became of the last replacement of its folder."""

    model: Model
    engine: Engine
    digest: str
    """Of the manifest that answers; it holds the digests of all files."""
    stamp: _Stamp
    failure: str = ""
    """Why the folder's newer bundle does not answer; empty when what lies there does."""


def load(path: Path, threads: int) -> tuple[Session, str]:
    """A bundle ready to answer, with its manifest's digest.

    Its files have their digests and its golden texts their answers, or a UsageError or ParityError says what is wrong.
    """
    digest = sha256(path / MANIFEST) if (path / MANIFEST).is_file() else ""
    session = Session.open(path, threads)
    with registry.toolchain_of(registry.target(session.manifest["target"])):
        _prove(session)
    if sha256(path / MANIFEST) != digest:
        raise UsageError(f"{path} was replaced while it was read.")
    return session, digest


def _prove(session: Session) -> None:
    """ParityError unless the golden texts give the golden ids and, to the bundle's own tolerance, outputs."""
    cases = golden.read(session.bundle.path)
    for case in cases:
        ids = case.inputs["input_ids"][0]
        if cut(session.tokenizer, case.text, len(ids)).ids != ids.tolist():
            raise ParityError(f"{session.bundle.path}: its tokenizer does not give the golden ids.")
    outputs = [session.runner(case.inputs) for case in cases]
    specs = [TensorSpec(**spec) for spec in session.manifest["artifact"]["outputs"]]
    masks = [case.inputs["attention_mask"] for case in cases]
    wanted = [case.outputs for case in cases]
    found = parity.compare(wanted, outputs, masks, specs, _tolerance(session.bundle), "golden")
    failed = [check.name for check in found if check.verdict is not Verdict.PASS]
    if failed:
        raise ParityError(f"{session.bundle.path} does not give its golden answers: {failed[0]}.")


def _tolerance(bundle: Bundle) -> Tolerance:
    try:
        return Tolerance(**read_json(bundle.path / "golden" / "golden.json")["tolerance"])
    except (KeyError, TypeError):
        raise UsageError(f"{bundle.path / 'golden'} is damaged.", hint="Export it again.") from None


class Models:
    """All models of a worker by name."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self.served: Mapping[str, Served] = {model.name: self._open(model) for model in settings.models}
        self._stopped = threading.Event()

    def _open(self, model: Model) -> Served:
        stamp = _stamp(model.path)
        session, digest = load(model.path, self._settings.threads)
        engine = Engine(model.name, session, self._settings.limits, self._metrics)
        return Served(model, engine, digest, stamp)

    def watch(self, also: Callable[[], None]) -> None:
        """In a thread of its own: look at the folders, and do ``also`` each time, until ``close``."""

        def look() -> None:
            while not self._stopped.wait(self._settings.watch_seconds or 1.0):
                also()
                if self._settings.watch_seconds:
                    for served in self.served.values():
                        self.refresh(served)

        threading.Thread(target=look, name="watch", daemon=True).start()

    def close(self) -> None:
        """Answer what waits, and look no more."""
        self._stopped.set()
        for served in self.served.values():
            served.engine.close()

    def refresh(self, served: Served) -> None:
        """Serve what lies in the folder now, if it is another bundle; a broken one is told of, and not tried again."""
        stamp = _stamp(served.model.path)
        if stamp is None or stamp == served.stamp:  # None: the instant between two renames, or it was taken away
            return
        served.stamp = stamp
        name = served.model.name
        try:
            session, digest = load(served.model.path, self._settings.threads)
            self._check_kind(served, session)
        except Exception as error:  # noqa: BLE001  whatever is wrong with the new one, the old one answers
            served.failure = str(error) if isinstance(error, EdgelmError) else f"{type(error).__name__} while loading"
            told: dict[str, Any] = {} if isinstance(error, EdgelmError) else bug(error)
            log("reload_failed", level="error", model=name, message=served.failure, **told)
            self._metrics.reloads.labels(name, "failed").inc()
            return
        served.failure = ""
        if digest != served.digest:
            served.engine.session, served.digest = session, digest
            log("reloaded", model=name, digest=digest)
            self._metrics.reloads.labels(name, "done").inc()

    @staticmethod
    def _check_kind(served: Served, session: Session) -> None:
        if session.manifest["task"] != served.engine.task:
            raise UsageError(f"A bundle for {session.manifest['task']} cannot replace one for {served.engine.task}.")


def _stamp(path: Path) -> _Stamp:
    try:
        found = (path / MANIFEST).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
