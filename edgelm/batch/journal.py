"""The output as it grows: beside its place, with a journal that says how far it is good, until it is whole."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from edgelm.batch.answers import Answered
from edgelm.batch.reading import Place
from edgelm.errors import UsageError

_ANEW = "To start anew: --overwrite."


@dataclass(frozen=True)
class Done:
    """How far an output is."""

    rows: int = 0
    failed: int = 0
    first_failed: int | None = None
    """The line of the input."""
    offset: int = 0
    lines: int = 0
    """Of the input, where the next window begins."""
    size: int = 0
    """Bytes of the output."""
    is_whole: bool = False

    @property
    def place(self) -> Place:
        """Where the next window begins."""
        return Place(self.offset, self.lines)

    def and_(self, answered: Answered) -> Done:
        """With one more window."""
        first = answered.first_failure[0] if answered.first_failure else None
        return Done(
            self.rows + answered.rows,
            self.failed + answered.failed,
            first if self.first_failed is None else self.first_failed,
            *answered.end,
            self.size + len(answered.content),
        )


class Output:
    """The output of a run, which goes on where one of the same ``identity`` stopped.

    ``<output>.partial`` grows by whole windows; ``<output>.journal`` has the identity in its first line and in each
    other one a Done, written once the window is on the disk. What stands beyond the last is cut off. Without an
    identity, for an input that can be read only once, there is no journal. Making one only looks; UsageError when
    something is in the way. Use it as a context to write.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any] | None, *, overwrite: bool) -> None:
        self.path = path
        self._identity = identity
        self._overwrite = overwrite
        self._partial = partial_of(path)
        self._journal = path.with_name(f"{path.name}.journal")
        self._new_journal = path.with_name(f"{path.name}.journal.new")
        self.done = Done()
        with self._told():
            _check_place(path)
            self.done = self._look()

    def __enter__(self) -> Output:
        with self._told():
            self._content = self._locked()
            try:
                self._log = self._continue()
            except OSError:
                self._close(self._content)
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close(self._content, self._log)

    def _close(self, *files: IO[bytes] | None) -> None:
        """Keep what is worth it: what another run can go on from."""
        for file in files:
            with suppress(OSError):  # of what a full disk did not take; the journal does not count on it
                if file is not None:
                    file.close()
        if not self.done.is_whole and (self._identity is None or not self.done.rows):
            for path in (self._partial, self._journal, self._new_journal):
                path.unlink(missing_ok=True)

    def append(self, answered: Answered) -> None:
        """One more window, on the disk."""
        with self._told():
            self._content.write(answered.content)
            _sync(self._content)
            self._note(self.done.and_(answered))

    def finish(self) -> None:
        """Put it in its place."""
        with self._told():
            self._note(replace(self.done, is_whole=True))
            self.publish()

    def publish(self) -> None:
        """What is left to do of one that is whole; a run may have been killed in the middle of it."""
        with self._told():
            if self._partial.exists():
                self._partial.replace(self.path)
                _sync_folder(self.path.parent)
            self._journal.unlink(missing_ok=True)

    def _look(self) -> Done:
        """How far it is; UsageError when there is one that is not to be replaced."""
        done = self._begun()
        if not done.is_whole and self.path.exists() and not self._overwrite:
            raise UsageError(f"{self.path} exists.", hint="Choose another --output, or replace it with --overwrite.")
        return done

    def _begun(self) -> Done:
        """How far a run before this one came; nothing where there was none, or it is to be replaced."""
        identity, done = self._read()
        if identity is not None and identity == self._identity:
            self._check_size(done)
            return done
        if self._overwrite or not (self._journal.exists() or _has_content(self._partial)):
            return Done()
        if identity is None or self._identity is None:
            raise UsageError(f"{self._partial} is there, and this run cannot go on from it.", hint=_ANEW)
        other = ", ".join(name for name, value in self._identity.items() if identity.get(name) != value)
        raise UsageError(
            f"{self._partial} is of another run: not the same {other}.",
            hint=f"Go on with what it was begun with. {_ANEW}",
        )

    def _read(self) -> tuple[Mapping[str, Any] | None, Done]:
        """The journal's identity, if it has one, and its last whole line."""
        identity, done = None, Done()
        try:
            with self._journal.open("rb") as journal:
                identity = dict(json.loads(journal.readline()))
                for line in journal:
                    done = Done(**json.loads(line)) if line.endswith(b"\n") else done
        except FileNotFoundError:
            return None, done
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{self._journal} is damaged: {error}.", hint="Delete it and its .partial.") from None
        return identity, done

    def _check_size(self, done: Done) -> None:
        """UsageError when the output that is there is shorter than the journal says."""
        place = self.path if done.is_whole and not self._partial.exists() else self._partial
        found = place.stat().st_size if place.is_file() else 0
        if found < done.size:
            raise UsageError(
                f"{place} has {found} bytes; its journal says {done.size}.", hint=f"Delete {self._journal}."
            )

    def _locked(self) -> IO[bytes]:
        """The output so far, open for this run alone."""
        content = os.fdopen(os.open(self._partial, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        try:
            fcntl.lockf(content, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock's, not kept by a worker that lives on
        except (BlockingIOError, PermissionError):
            content.close()
            raise UsageError(f"Another run is writing {self._partial}.", hint="Choose another --output.") from None
        try:
            self._check_still(content)
        except UsageError:
            content.close()
            if not (self._journal.exists() or _has_content(self._partial)):
                self._partial.unlink(missing_ok=True)
            raise
        return content

    def _check_still(self, content: IO[bytes]) -> None:
        """UsageError when another run came between the look and the lock."""
        is_there = self._partial.exists() and os.path.samestat(self._partial.stat(), os.fstat(content.fileno()))
        if not is_there or self._look() != self.done:
            raise UsageError(f"Another run has just written {self.path}.", hint="Run the same command again.")

    def _continue(self) -> IO[bytes] | None:
        """The journal, open at its end, if there is to be one; the output is cut to what it says."""
        if self._identity is None:
            self._journal.unlink(missing_ok=True)
        elif not self.done.rows:
            self._begin_journal(self._identity)
        self._content.truncate(self.done.size)
        self._content.seek(self.done.size)
        if self._identity is None:
            return None
        log = self._journal.open("r+b")
        _cut_to_whole_lines(log)
        return log

    def _begin_journal(self, identity: Mapping[str, Any]) -> None:
        """A journal of one line, whole or not at all, lest a kill leaves one that says nothing."""
        with self._new_journal.open("wb") as file:
            file.write(_line(identity))
            _sync(file)
        self._new_journal.replace(self._journal)
        _sync_folder(self.path.parent)

    def _note(self, done: Done) -> None:
        if self._log is not None:
            self._log.write(_line(asdict(done)))
            _sync(self._log)
        self.done = done

    @contextmanager
    def _told(self) -> Iterator[None]:
        """UsageError in place of an OSError."""
        try:
            yield
        except OSError as error:
            kept = "What is answered is kept: make room, and the same command goes on there."
            hint = kept if self._identity is not None and self.done.rows else "Choose another --output."
            raise UsageError(f"Cannot write {self.path}: {error.strerror or error}.", hint=hint) from None


def partial_of(path: Path) -> Path:
    """Where an output grows."""
    return path.with_name(f"{path.name}.partial")


def _check_place(path: Path) -> None:
    """UsageError where no file can stand."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", hint="Give a file as --output.")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder.", hint="Make it, or choose another --output.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no plain file.", hint="Choose another --output.")


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _cut_to_whole_lines(log: IO[bytes]) -> None:
    """Leave off a last line that was not written to its end, and stand there."""
    log.seek(0)
    end = sum(len(line) for line in log if line.endswith(b"\n"))
    log.truncate(end)
    log.seek(end)


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _sync(file: IO[bytes]) -> None:
    """Have the system put what was written on the disk itself."""
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
