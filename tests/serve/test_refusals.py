"""Whatever is sent, the answer is a refusal in JSON: never a traceback, never somebody's text in the log."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from edgelm.session import Question, Session

from .running import Server, assert_same

TENSOR = {"name": "input_ids", "shape": [1, 2], "datatype": "INT64", "data": [2, 3]}
OTHERS = [
    {"name": name, "shape": [1, 2], "datatype": "INT64", "data": [1, 1]}
    for name in ("attention_mask", "token_type_ids")
]

BODIES: dict[str, tuple[str, Any, int, str]] = {
    "no JSON": ("/classify", b"{", 400, "invalid_json"),
    "nothing": ("/classify", b"", 422, "invalid_input"),
    "deep nesting": ("/classify", b"[" * 100_000, 400, "invalid_json"),
    "deep and whole": ("/classify", b'{"inputs":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "invalid_json"),
    "a number of 6000 digits": ("/classify", b'{"inputs":"a","top_k":' + b"9" * 6000 + b"}", 400, "invalid_json"),
    "NaN": ("/classify", b'{"inputs":"a","top_k":NaN}', 422, "invalid_input"),
    "bytes that are no UTF-8": ("/classify", b'{"inputs":"\xff"}', 400, "invalid_json"),
    "an empty text": ("/classify", {"inputs": ""}, 422, "invalid_input"),
    "a blank text": ("/classify", {"inputs": [" \t\n"]}, 422, "invalid_input"),
    "half a character": ("/classify", b'{"model":"labels","inputs":"a\\ud800"}', 422, "invalid_input"),
    "NUL": ("/classify", {"inputs": "a\0b", "model": "labels"}, 422, "invalid_input"),
    "no text": ("/classify", {"inputs": []}, 422, "invalid_input"),
    "a wrong key": ("/classify", {"inputs": "a", "model": "labels", "topk": 3}, 422, "invalid_input"),
    "a wrong number": ("/classify", {"inputs": "a", "model": "labels", "top_k": 0}, 422, "invalid_input"),
    "an unknown model": ("/classify", {"inputs": "a", "model": "zzz"}, 404, "model_not_found"),
    "a model of another task": ("/classify", {"inputs": "a", "model": "vectors"}, 404, "wrong_task"),
    "a prompt there is not": ("/embed", {"inputs": "a", "model": "prompted", "prompt": "x"}, 422, "invalid_input"),
    "a prompt where there is none": ("/embed", {"inputs": "a", "model": "states", "prompt": "x"}, 422, "invalid_input"),
    "a text that is too long": ("/classify", {"inputs": "a " * 90, "model": "labels"}, 422, "invalid_input"),
    "no mask": ("/fill", {"inputs": "a"}, 422, "invalid_input"),
    "one choice": ("/choose", {"inputs": {"text": "a", "choices": ["b"]}}, 422, "invalid_input"),
    "too many texts": ("/embed", {"inputs": ["a"] * 257, "model": "vectors"}, 422, "too_many_texts"),
}


@pytest.mark.parametrize("case", BODIES)
def test_bodies(server: Server, case: str) -> None:
    path, body, status, code = BODIES[case]
    content = body if isinstance(body, bytes) else json.dumps(body)
    with server.client() as client:
        response = client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert response.status_code == status, response.text
        assert response.json()["error"]["code"] == code
        assert "Traceback" not in response.text
        if case == "too many texts":
            assert client.get("/healthz").status_code == 200


def changed(**fields: Any) -> dict[str, Any]:
    return {"inputs": [{**TENSOR, **fields}, *OTHERS]}


TENSORS: dict[str, Any] = {
    "an id beyond the vocabulary": changed(data=[2, 10_000]),
    "a negative id": changed(data=[-1, 3]),
    "floats": changed(data=[2.5, 3]),
    "booleans": changed(data=[True, False]),
    "words": changed(data=["a", "b"]),
    "too few": changed(data=[2]),
    "ragged": changed(data=[[2], [3, 4]]),
    "no data": changed(data=None),
    "deep": changed(data=json.loads("[" * 50 + "]" * 50)),
    "beyond int64": changed(data=[2**70, 1]),
    "another datatype": changed(datatype="INT32"),
    "another shape": changed(shape=[2, 1]),
    "too long": {"inputs": [{**one, "shape": [1, 65], "data": [1] * 65} for one in (TENSOR, *OTHERS)]},
    "an input too few": {"inputs": [TENSOR]},
    "an input twice": {"inputs": [TENSOR, TENSOR, *OTHERS]},
    "a mask without tokens": {"inputs": [TENSOR, {**OTHERS[0], "data": [0, 0]}, OTHERS[1]]},
    "an unknown output": {"inputs": [TENSOR, *OTHERS], "outputs": [{"name": "nothing"}]},
    "bytes that are not there": changed(data=None, parameters={"binary_data_size": 16}),
}


@pytest.mark.parametrize("case", TENSORS)
def test_tensors(server: Server, case: str) -> None:
    response = server.post("/v2/models/labels/infer", TENSORS[case])
    assert response.status_code == 422, response.text
    assert isinstance(response.json()["error"], str)


@pytest.mark.parametrize("given", ["x", "-1", "9999", "٣", "1" * 30])
def test_a_wrong_length_of_the_json(server: Server, given: str) -> None:
    with server.client() as client:
        headers = {"Inference-Header-Content-Length": given.encode()}
        response = client.post("/v2/models/labels/infer", content=b"{}", headers=headers)
    assert response.status_code == 400


def test_methods_and_paths(server: Server) -> None:
    with server.client() as client:
        response = client.put("/classify")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert client.get("/nothing").json()["error"]["code"] == "not_found"
        assert client.get("/v1/nothing").json()["error"]["type"] == "invalid_request_error"
        packed = client.post("/classify", content=b"{}", headers={"Content-Encoding": "gzip"})
        assert packed.status_code == 415


def test_no_text_is_logged(server: Server) -> None:
    mark = "zyxwvut"
    server.post("/classify", {"inputs": f"{mark} good", "model": "labels"})
    server.post("/classify", {"inputs": f"{mark} " * 90, "model": "labels"})
    server.post("/classify", {"inputs": "a", "model": mark})
    server.post(f"/{mark}", {})
    server.get(f"/v1/models/{mark}?q={mark}")
    with server.client() as client:
        client.post("/classify", content=f'{{"inputs": "{mark}'.encode())
        client.request(mark.upper(), "/classify")
    content = server.log_file.read_text("utf-8")
    assert mark not in content.lower()
    assert all({"time", "level", "event"} <= set(line) for line in server.log)
    assert not server.events("bug")
    line = next(line for line in server.events("request") if line.get("model") == "labels" and line["status"] == 200)
    assert {"ms", "texts", "tokens", "batch", "endpoint"} <= set(line)


# -- limits ------------------------------------------------------------------------------------------------------------

TOKEN = "s3cret-töken"


@pytest.fixture(scope="module")
def narrow(serve: Callable[..., Server], bundles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with a token and with limits that are soon reached."""
    tokens = tmp_path_factory.mktemp("tokens") / "tokens"
    tokens.write_text(f"# one a line\nanother\n{TOKEN}\n", "utf-8")
    limits = {
        "--max-body-mb": 0.1,
        "--max-characters": 500,
        "--queue": 1,
        "--timeout": 0.15,
        "--read-timeout": 1,
        "--token-file": tokens,
    }
    arguments = [part for pair in limits.items() for part in pair]
    models = (f"states={bundles['states']}", f"labels={bundles['labels']}")
    return serve(*models, *arguments, headers={"Authorization": f"Bearer {TOKEN}".encode()}, workers=1)


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer", f"Basic {TOKEN}", TOKEN, "Bearer # one a line"])
def test_tokens(narrow: Server, given: str | None) -> None:
    with narrow.client(headers={} if given is None else {"Authorization": given.encode()}) as client:
        for path in ("/v1/models", "/metrics", "/docs", "/v2/models/labels"):
            response = client.get(path)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
        assert client.post("/classify", json={"inputs": "a"}).json()["error"]["code"] == "unauthorized"
        for path in ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"):
            assert client.get(path).status_code == 200
    assert narrow.get("/v1/models").status_code == 200
    assert TOKEN not in narrow.log_file.read_text("utf-8")


def test_a_token_is_in_the_description(narrow: Server) -> None:
    paths = narrow.get("/openapi.json").json()["paths"]
    assert paths["/classify"]["post"]["security"] == [{"token": []}]
    assert paths["/healthz"]["get"]["security"] == []


@pytest.mark.parametrize("size", [100_001, 390_000, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(narrow: Server, size: int, chunked: bool) -> None:
    """One that is far too large is not read to its end: its sender may see the connection close instead."""
    content = b" " * size
    with narrow.client() as client:
        try:
            response = client.post(
                "/classify", content=(content[i : i + 9999] for i in range(0, size, 9999)) if chunked else content
            )
        except (httpx.WriteError, httpx.ReadError):
            assert size > 400_000
        else:
            assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")
        assert client.get("/healthz").status_code == 200


def test_a_text_of_too_many_characters(narrow: Server) -> None:
    response = narrow.post("/classify", {"inputs": "a" * 501})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "text_too_long")


def test_a_full_queue_and_a_time_limit(narrow: Server) -> None:
    """Far more than can be done: some are refused at once, some in time, and nothing else happens."""
    heavy = {"model": "states", "inputs": ["a " * 60] * 256}
    with ThreadPoolExecutor(12) as pool:
        responses = list(pool.map(lambda _: narrow.post("/embed", heavy), range(24)))
    statuses = {response.status_code for response in responses}
    assert statuses <= {200, 429, 503, 504}
    assert 429 in statuses
    assert statuses & {503, 504}
    for response in responses:
        if response.status_code == 429:
            assert int(response.headers["retry-after"]) >= 1
            assert response.json()["error"]["code"] == "queue_full"
    until = time.monotonic() + 30
    while narrow.post("/classify", {"inputs": "good"}).status_code != 200:
        assert time.monotonic() < until, "it does not recover"


def test_slow_senders_block_nobody(server: Server, sessions: dict[str, Session]) -> None:
    """Sixty that have begun their headers or their bodies and never end them."""
    host, port = server.url.removeprefix("http://").split(":")
    begun = []
    for i in range(60):
        connection = socket.create_connection((host, int(port)))
        head = b"POST /classify HTTP/1.1\r\nHost: x\r\n"
        connection.sendall(head if i % 2 else head + b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        begun.append(connection)
    answer = server.post("/classify", {"model": "labels", "inputs": "good"}).json()
    assert_same(answer["outputs"], [sessions["labels"].answer(Question("good"))])
    for connection in begun:
        connection.close()


def test_slow_senders_are_sent_away(narrow: Server) -> None:
    """After a second, whether it is the headers or the body that does not come."""
    host, port = narrow.url.removeprefix("http://").split(":")
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer another\r\n"
    connections = [socket.create_connection((host, int(port)), timeout=20) for _ in range(2)]
    connections[0].sendall(head)
    connections[1].sendall(head + b"Content-Length: 99\r\n\r\n{")
    for _ in range(3):  # a drop now and then is no help
        time.sleep(0.2)
        for connection, drop in zip(connections, (b"X-A: 1\r\n", b" "), strict=True):
            connection.sendall(drop)
    assert connections[0].recv(1000) == b""
    assert connections[1].recv(1000).startswith(b"HTTP/1.1 408 ")
