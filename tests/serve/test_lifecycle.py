"""A server outlives its workers and its bundles, and at the end finishes what it has accepted."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from edgelm.bundle import Bundle, write_manifest
from edgelm.serve.settings import models_of
from edgelm.session import Question, Session

from .conftest import SIZES
from .running import Server, assert_same

BODY = {"inputs": ["good", "he lives in paris"]}


class Clients:
    """Threads that ask without a pause, half of them on one connection each, half on a new one every time."""

    def __init__(self, server: Server, count: int = 8) -> None:
        self.answers: list[tuple[float, Any]] = []
        self.errors: list[tuple[float, Exception]] = []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(server, i % 2 == 0)) for i in range(count)]

    def _ask(self, server: Server, keeps: bool) -> None:
        client = server.client()
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                response = client.post("/classify", json=BODY)
                self.answers.append((started, response.json() if response.status_code == 200 else response.status_code))
            except httpx.TransportError as error:
                self.errors.append((started, error))
                time.sleep(0.01)
            if not keeps:
                client.close()
                client = server.client()
        client.close()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int) -> None:
        """Until there are so many more answers."""
        until, wanted = time.monotonic() + 30, len(self.answers) + count
        while len(self.answers) < wanted:
            assert time.monotonic() < until, self.errors[-3:]
            time.sleep(0.01)

    @contextmanager
    def asking(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self.stop()


def test_a_server_that_is_told_to_stop_loses_nothing(serve: Callable[..., Server], bundles: dict[str, Path]) -> None:
    """Whoever was accepted is answered; whoever comes later is not accepted."""
    server = serve(bundles["labels"])
    clients = Clients(server)
    with clients.asking():
        clients.wait_for(50)
        assert server.stop() == 0
    assert [error for _, error in clients.errors if not isinstance(error, httpx.ConnectError)] == []
    assert [answer for _, answer in clients.answers if isinstance(answer, int)] == []
    assert server.events("stopped")


def test_a_request_in_the_middle_is_finished(serve: Callable[..., Server], bundles: dict[str, Path]) -> None:
    """Its headers had been read when the signal came, its body had not."""
    server = serve(bundles["labels"], workers=1)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        body = b'{"inputs": "good"}'
        head = "POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
        connection.sendall(f"{head}{len(body)}\r\n\r\n".encode() + body[:5])
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("draining")
        time.sleep(0.6)
        connection.sendall(body[5:])
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()
    assert server.process.wait(20) == 0


def test_what_does_not_end_in_time_is_ended(serve: Callable[..., Server], bundles: dict[str, Path]) -> None:
    server = serve(bundles["labels"], "--drain-seconds", 1, workers=1)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        time.sleep(0.1)
        started = time.monotonic()
        assert server.stop() == 0
        assert 0.9 < time.monotonic() - started < 8


@pytest.fixture
def exchanged(
    serve: Callable[..., Server],
    make_checkpoint: Callable[..., Path],
    make_bundle: Callable[..., Path],
    bundles: dict[str, Path],
    tmp_path: Path,
) -> tuple[Server, Path, Path, Path]:
    """A server, the folder it serves, and an older and a newer bundle to lie there."""
    names = {"0": "bad", "1": "so-so", "2": "good"}
    newer = make_bundle(make_checkpoint("bert", "text-classification", id2label=names, **SIZES))
    place = tmp_path / "served"
    shutil.copytree(bundles["labels"], place)
    return serve(f"model={place}"), place, bundles["labels"], newer


def replace(place: Path, bundle: Path) -> None:
    """As a bundle is published: written beside, then renamed."""
    beside = place.with_name("beside")
    shutil.copytree(bundle, beside)
    place.rename(place.with_name("old"))
    beside.rename(place)
    shutil.rmtree(place.with_name("old"))


def answer_of(bundle: Path) -> list[Any]:
    session = Session.open(bundle, threads=1)
    return [session.answer(Question(text)) for text in BODY["inputs"]]


def state(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.get("/readyz").json()["models"]["model"]
    return found


def test_a_bundle_is_replaced_while_it_serves(exchanged: tuple[Server, Path, Path, Path]) -> None:
    """Every answer is one bundle's or the other's; a broken bundle changes nothing but what /readyz says."""
    server, place, older, newer = exchanged
    old, new = answer_of(older), answer_of(newer)
    clients = Clients(server, count=4)
    with clients.asking():
        clients.wait_for(20)
        replace(place, newer)
        server.wait_for("reloaded", 2)  # one in each worker
        switched = time.monotonic()
        clients.wait_for(20)
        for fault in FAULTS:
            fault(place, older, newer)
            failures = server.wait_for("reload_failed", 2 * (1 + list(FAULTS).index(fault)))
            assert FAULTS[fault] in failures[-1]["message"]
        broken = time.monotonic()
        clients.wait_for(20)
        assert state(server)["reload_error"]
        assert server.get("/readyz").status_code == 200
        replace(place, newer)
        until = time.monotonic() + 20
        while any(state(server)["reload_error"] for _ in range(4)):
            assert time.monotonic() < until
    assert clients.errors == []
    labels = {True: 0, False: 0}
    for started, answer in clients.answers:
        is_new = answer["outputs"][0][0]["label"] in ("bad", "so-so", "good")
        labels[is_new] += 1
        assert_same(answer["outputs"], new if is_new else old)
        assert is_new or started < switched
    assert all(labels.values())
    assert broken > switched


def _cut_file(place: Path, *_: Path) -> None:
    """A file that is not the manifest's."""
    broken = place.with_name("broken")
    shutil.copytree(place, broken)
    model = broken / Bundle.open(broken).manifest["artifact"]["files"][0]
    model.write_bytes(model.read_bytes()[:-100])
    replace(place, broken)
    shutil.rmtree(broken)


def _swapped_model(place: Path, older: Path, other: Path) -> None:
    """Another model's file: all digests are right, but not its golden answers."""
    broken = place.with_name("broken")
    shutil.copytree(older, broken)
    bundle = Bundle.open(broken)
    (name,) = bundle.manifest["artifact"]["files"]
    shutil.copy(other / name, broken / name)
    manifest = {key: value for key, value in bundle.manifest.items() if key not in ("files", "schema_version")}
    write_manifest(broken, manifest)
    replace(place, broken)
    shutil.rmtree(broken)


def _other_task(place: Path, older: Path, _: Path) -> None:
    """A manifest of another task."""
    broken = place.with_name("broken")
    shutil.copytree(older, broken)
    bundle = Bundle.open(broken)
    manifest = {key: value for key, value in bundle.manifest.items() if key not in ("files", "schema_version")}
    write_manifest(broken, {**manifest, "task": "fill-mask"})
    replace(place, broken)
    shutil.rmtree(broken)


FAULTS = {
    _cut_file: "was changed since the export",
    _swapped_model: "does not give its golden answers",
    _other_task: "cannot replace one for text-classification",
}


def test_a_worker_that_is_killed_is_replaced(serve: Callable[..., Server], bundles: dict[str, Path]) -> None:
    """The requests it had fail by a closed connection; the other worker's do not notice. Of one worker, too."""
    server = serve(f"labels={bundles['labels']}")
    clients = Clients(server)
    with clients.asking():
        clients.wait_for(30)
        before = server.workers
        assert len(before) == 2
        killed = time.monotonic()
        os.kill(before[0], signal.SIGKILL)
        server.wait_for("worker_ready", 3)
        clients.wait_for(30)
    assert before[1] in server.workers
    assert before[0] not in server.workers
    assert len(clients.errors) <= 8, "only those it had at that moment"
    assert all(started < killed + 1 for started, _ in clients.errors)
    assert not any(isinstance(answer, int) for _, answer in clients.answers)
    page = server.get("/metrics").text
    assert "edgelm_worker_restarts_total 1.0" in page
    assert "edgelm_workers 2.0" in page


def test_the_only_worker_is_replaced(serve: Callable[..., Server], bundles: dict[str, Path]) -> None:
    """Who connects meanwhile is not refused: the socket is the supervisor's."""
    server = serve(bundles["labels"], workers=1)
    os.kill(server.workers[0], signal.SIGKILL)
    assert server.post("/classify", BODY).status_code == 200


def test_workers_end_with_their_supervisor(serve: Callable[..., Server], bundles: dict[str, Path]) -> None:
    server = serve(bundles["labels"])
    workers = server.workers
    server.process.kill()
    server.process.wait()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < until
        time.sleep(0.05)


# -- the command -------------------------------------------------------------------------------------------------------


def run(*arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-m", "edgelm", "serve", *map(str, arguments)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return found.returncode, found.stderr


def test_what_cannot_be_served_is_a_usage_error(bundles: dict[str, Path], tmp_path: Path) -> None:
    good = bundles["labels"]
    empty = tmp_path / "tokens"
    empty.write_text("# none\n")
    changed = tmp_path / "changed"
    shutil.copytree(good, changed)
    (changed / "tokenizer.json").write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cases = {
            "No BUNDLE given": (),
            "is no bundle": (tmp_path,),
            "was changed since the export": (changed,),
            "Cannot read the token file": (good, "--token-file", tmp_path / "nothing"),
            "holds no token": (good, "--token-file", empty),
            "Address already in use": (good, "--port", taken.getsockname()[1]),
            "A NAME is given twice": (f"a={good}", f"a={good}"),
        }
        for message, arguments in cases.items():
            code, said = run(*arguments)
            assert (code, message in said, "Traceback" in said) == (2, True, False), said


def test_golden_answers_are_proven_at_the_start(bundles: dict[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "served"
    shutil.copytree(bundles["labels"], place)
    _swapped_model(place, bundles["labels"], bundles["int8"])
    code, said = run(place, "--port", 0, "--workers", 1)
    assert code == 5, said
    assert "golden answers" in said


def test_a_missing_extra_is_named() -> None:
    hidden = "import sys; sys.modules['uvicorn'] = None; from edgelm.cli import main; sys.exit(main(['serve', 'x']))"
    found = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 3
    assert "pip install 'edgelm[serve]'" in found.stderr


def test_names(bundles: dict[str, Path]) -> None:
    labels, small = bundles["labels"], bundles["small"]
    first, second, third, fourth = models_of([str(labels), f"mine={labels}", str(small), str(labels)])
    assert second.name == "mine"
    assert third.name == f"{first.name}-tflite"
    assert fourth.name == f"{first.name}-onnx"
    assert [model.path for model in (first, second, third, fourth)] == [labels, labels, small, labels]


def test_the_fastest_of_several_is_served(serve: Callable[..., Server], bundles: dict[str, Path]) -> None:
    names = {"labels": "onnx", "small": "tflite", "int8": "onnx"}
    server = serve(*(f"{name}={bundles[name]}" for name in names), "--runtime", "auto", workers=1)
    (measured,) = server.events("measured")
    times = measured["ms_per_answer"]
    assert set(times) == {str(bundles[name]) for name in names}
    found = server.get("/readyz").json()["models"]
    assert list(found) == ["labels"]
    fastest = Session.open(Path(min(times, key=times.__getitem__)), threads=1).manifest
    assert (found["labels"]["target"], found["labels"]["precision"]) == (fastest["target"], fastest["precision"])
