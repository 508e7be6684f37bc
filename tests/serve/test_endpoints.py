"""Every endpoint gives the offline session's answers, in its API's form."""

from __future__ import annotations

import base64
import json
import random
import struct
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from edgelm.serve.kserve import JSON_BYTES
from edgelm.session import Question, Session

from .running import Server, assert_same, offline

TEXTS = ("the movie was good", "he lives in paris, london", "我 在 北京", "really bad " * 9)
CONTEXT = "he lives in paris and she works in london. the movie was not boring, and he loves china. " * 2

CASES: dict[str, tuple[str, str, Any, list[Question]]] = {
    "one text": ("labels", "/classify", {"inputs": TEXTS[0]}, [Question(TEXTS[0])]),
    "texts": ("labels", "/classify", {"inputs": list(TEXTS), "top_k": 2}, [Question(t, top_k=2) for t in TEXTS]),
    "a batch of one": ("small", "/classify", {"inputs": list(TEXTS)}, [Question(t) for t in TEXTS]),
    "int8": ("int8", "/classify", {"inputs": list(TEXTS)}, [Question(t) for t in TEXTS]),
    "pairs": (
        "labels",
        "/classify",
        {"inputs": [{"text": TEXTS[0], "pair": TEXTS[1]}, TEXTS[2], {"text": TEXTS[3]}]},
        [Question(TEXTS[0], pair=TEXTS[1]), Question(TEXTS[2]), Question(TEXTS[3])],
    ),
    "cut": (
        "labels",
        "/classify",
        {"inputs": "bad " * 90, "truncate": True},
        [Question("bad " * 90, truncate=True)],
    ),
    "entities": ("entities", "/entities", {"inputs": list(TEXTS)}, [Question(t) for t in TEXTS]),
    "tokens": (
        "entities",
        "/entities",
        {"inputs": list(TEXTS), "aggregation": "none"},
        [Question(t, aggregation="none") for t in TEXTS],
    ),
    "intents": ("joint", "/intent", {"inputs": list(TEXTS)}, [Question(t) for t in TEXTS]),
    "the default prompt": ("prompted", "/embed", {"inputs": list(TEXTS)}, [Question(t) for t in TEXTS]),
    "another prompt": (
        "prompted",
        "/embed",
        {"inputs": list(TEXTS), "prompt": "passage"},
        [Question(t, prompt="passage") for t in TEXTS],
    ),
    "a pair with a prompt": (
        "prompted",
        "/similarity",
        {"inputs": {"text": TEXTS[0], "pair": TEXTS[1]}, "prompt": "passage"},
        [Question(TEXTS[0], pair=TEXTS[1], prompt="passage")],
    ),
    "windows": (
        "spans",
        "/answer",
        {"inputs": [{"question": "where", "context": c} for c in (CONTEXT, TEXTS[1])], "top_k": 3},
        [Question("where", pair=c, top_k=3) for c in (CONTEXT, TEXTS[1])],
    ),
    "masks": (
        "masks",
        "/fill",
        {"inputs": ["he [MASK] it", "a [MASK] is [MASK]"], "top_k": 3},
        [Question("he [MASK] it", top_k=3), Question("a [MASK] is [MASK]", top_k=3)],
    ),
    "choices": (
        "choices",
        "/choose",
        {"inputs": {"text": TEXTS[0], "choices": ["good", "boring film", "not"]}},
        [Question(TEXTS[0], choices=("good", "boring film", "not"))],
    ),
    "states": ("states", "/embed", {"inputs": list(TEXTS)}, [Question(t) for t in TEXTS]),
    "vectors": ("vectors", "/embed", {"inputs": list(TEXTS)}, [Question(t) for t in TEXTS]),
    "similarity": (
        "vectors",
        "/similarity",
        {"inputs": [{"text": a, "pair": b} for a, b in pairwise(TEXTS)]},
        [Question(a, pair=b) for a, b in pairwise(TEXTS)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tasks(server: Server, sessions: dict[str, Session], case: str) -> None:
    name, path, body, questions = CASES[case]
    response = server.post(path, {**body, "model": name})
    assert response.status_code == 200, response.text
    found = response.json()
    assert found["model"] == name
    assert_same(found["outputs"], offline(sessions[name], questions))


def test_a_name_is_not_needed_where_one_model_fits(server: Server) -> None:
    assert server.post("/entities", {"inputs": "he"}).json()["model"] == "entities"
    response = server.post("/classify", {"inputs": "he"})
    assert response.status_code == 404
    assert "name one of labels, small, int8, scores" in response.json()["error"]["message"]


def test_two_hundred_mixed_requests_at_once(server: Server, sessions: dict[str, Session]) -> None:
    """Each answer belongs to its own text."""
    words = ("the", "movie", "good", "bad", "great", "boring", "not", "and", "he", "lives", "works", "in", "paris")
    rng = random.Random(0)
    asked = []
    for i in range(200):
        name = ("labels", "entities", "vectors", "small")[i % 4]
        texts = [" ".join(rng.choices(words, k=rng.randint(1, 30))) for _ in range(rng.choice((1, 1, 3)))]
        asked.append((name, texts))
    paths = {"labels": "/classify", "small": "/classify", "entities": "/entities", "vectors": "/embed"}

    def ask(one: tuple[str, list[str]]) -> Any:
        return server.post(paths[one[0]], {"model": one[0], "inputs": one[1]}).json()["outputs"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, asked))
    for (name, texts), answer in zip(asked, answers, strict=True):
        assert_same(answer, offline(sessions[name], [Question(text) for text in texts]))
    assert len({line["pid"] for line in server.events("request")}) == 2, "one worker answered everything"
    assert max(line.get("batch", 0) for line in server.events("request")) > 3, "no batch held several requests"


# -- rerankers ---------------------------------------------------------------------------------------------------------


def test_rerank_in_coheres_form(server: Server, sessions: dict[str, Session]) -> None:
    query, documents = TEXTS[1], [TEXTS[0], TEXTS[2], TEXTS[3], "bad " * 90]
    body = {"query": query, "documents": documents, "rank_fields": ["ignored"]}
    ranked = sessions["scores"].answer(Question(query, choices=tuple(documents), truncate=True))
    expected = [{"index": one["index"], "relevance_score": one["score"]} for one in ranked]
    found = server.post("/rerank", body).json()
    assert found["model"] == "scores"
    assert_same(found["results"], expected)
    shown = server.post("/rerank", {**body, "top_n": 2, "return_documents": True}).json()["results"]
    texts = [{**one, "document": {"text": documents[one["index"]]}} for one in expected[:2]]
    assert_same(shown, texts)


def test_rerank_refuses(server: Server) -> None:
    body = {"query": "he", "documents": ["bad " * 90]}
    long = server.post("/rerank", {**body, "truncate": False})
    assert (long.status_code, long.json()["error"]["code"]) == (422, "invalid_input")
    other = server.post("/rerank", {**body, "model": "labels"})
    assert (other.status_code, other.json()["error"]["code"]) == (404, "wrong_task")
    assert "Model labels is for text-classification; this endpoint is for text-ranking." in other.text
    assert server.post("/rerank", {**body, "documents": []}).status_code == 422


# -- OpenAI ------------------------------------------------------------------------------------------------------------


def test_openai_embeddings(server: Server, sessions: dict[str, Session]) -> None:
    expected = offline(sessions["vectors"], [Question(text) for text in TEXTS])
    body = {"model": "vectors", "input": list(TEXTS), "user": "someone", "dimensions": len(expected[0])}
    found = server.post("/v1/embeddings", body).json()
    assert [entry["index"] for entry in found["data"]] == list(range(len(TEXTS)))
    assert_same([entry["embedding"] for entry in found["data"]], expected)
    tokens = sum(len(sessions["vectors"].tokenizer.encode(text).ids) for text in TEXTS)
    assert found["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert (found["object"], found["model"]) == ("list", "vectors")
    coded = server.post("/v1/embeddings", {**body, "encoding_format": "base64"}).json()
    for entry, vector in zip(coded["data"], expected, strict=True):
        assert_same(np.frombuffer(base64.b64decode(entry["embedding"]), "<f4").tolist(), vector)


def test_openai_embeddings_with_a_prompt(server: Server, sessions: dict[str, Session]) -> None:
    for name in (None, "passage"):
        body = {"model": "prompted", "input": list(TEXTS), "prompt": name}
        found = server.post("/v1/embeddings", body).json()
        expected = offline(sessions["prompted"], [Question(text, prompt=name) for text in TEXTS])
        assert_same([entry["embedding"] for entry in found["data"]], expected)
    tokens = server.post("/v1/embeddings", {"model": "prompted", "input": [5, 6], "prompt": "passage"})
    assert (tokens.status_code, tokens.json()["error"]["code"]) == (422, "invalid_input")


def test_openai_takes_tokens(server: Server, sessions: dict[str, Session]) -> None:
    """With the special tokens or without."""
    session = sessions["vectors"]
    ids = [session.tokenizer.encode(text).ids for text in TEXTS]
    (expected,) = offline(session, [Question(TEXTS[0])])
    for given in (ids[0], ids[0][1:-1], [ids[0]], ids, [one[1:-1] for one in ids]):
        found = server.post("/v1/embeddings", {"model": "vectors", "input": given}).json()
        assert len(found["data"]) == (len(given) if isinstance(given[0], list) else 1)
        assert_same(found["data"][0]["embedding"], expected)
    too_large = server.post("/v1/embeddings", {"model": "vectors", "input": [session.tokenizer.vocabulary_size]})
    assert too_large.status_code == 422


def test_openai_models(server: Server) -> None:
    names = [entry["id"] for entry in server.get("/v1/models").json()["data"]]
    assert names == list(server.get("/readyz").json()["models"])
    assert server.get("/v1/models/vectors").json()["object"] == "model"
    response = server.get("/v1/models/nothing")
    assert response.status_code == 404
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


# -- the Open Inference Protocol ---------------------------------------------------------------------------------------


def feed_of(session: Session, texts: list[str]) -> dict[str, np.ndarray]:
    """What the model reads, in the dtypes of its signature."""
    encodings = [session.tokenizer.encode(text) for text in texts]
    specs = session.manifest["artifact"]["inputs"]
    arrays = session.tokenizer.arrays(encodings, session.names)
    return {spec["name"]: arrays[spec["name"]].astype(spec["dtype"]) for spec in specs}


@pytest.mark.parametrize("name", ["labels", "small", "entities", "spans"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_raw_tensors(server: Server, sessions: dict[str, Session], name: str, as_bytes: bool) -> None:
    session = sessions[name]
    feed = feed_of(session, ["he lives in paris", "good"])
    expected = session.runner(feed)
    with server.client() as client:
        signature = client.get(f"/v2/models/{name}").json()
        assert [tensor["name"] for tensor in signature["inputs"]] == list(feed)
        inputs = [
            {"name": tensor["name"], "datatype": tensor["datatype"], "shape": list(feed[tensor["name"]].shape)}
            for tensor in signature["inputs"]
        ]
        if as_bytes:
            for one in inputs:
                one["parameters"] = {"binary_data_size": feed[one["name"]].nbytes}
            head = json.dumps({"id": "7", "inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
            body = head + b"".join(feed[one["name"]].tobytes() for one in inputs)
            response = client.post(
                f"/v2/models/{name}/infer",
                content=body,
                headers={JSON_BYTES: str(len(head)), "Content-Type": "application/octet-stream"},
            )
            assert response.status_code == 200, response.text
            size = int(response.headers[JSON_BYTES])
            answer, rest = json.loads(response.content[:size]), response.content[size:]
            found = {}
            for tensor in answer["outputs"]:
                count = tensor["parameters"]["binary_data_size"]
                found[tensor["name"]] = np.frombuffer(rest[:count], "<f4").reshape(tensor["shape"])
                rest = rest[count:]
            assert rest == b""
            assert answer["id"] == "7"
        else:
            for one in inputs:
                one["data"] = feed[one["name"]].tolist()
            response = client.post(f"/v2/models/{name}/infer", json={"inputs": inputs})
            assert response.status_code == 200, response.text
            found = {
                tensor["name"]: np.asarray(tensor["data"], np.float32).reshape(tensor["shape"])
                for tensor in response.json()["outputs"]
            }
    assert set(found) == set(expected)
    for output, array in expected.items():
        np.testing.assert_array_equal(found[output], array)


def test_one_output_of_two_is_asked_for_as_bytes(server: Server, sessions: dict[str, Session]) -> None:
    feed = feed_of(sessions["spans"], ["he lives"])
    inputs = [
        {"name": name, "datatype": "INT64", "shape": list(array.shape), "data": array.ravel().tolist()}
        for name, array in feed.items()
    ]
    outputs = [{"name": "end_logits", "parameters": {"binary_data": True}}]
    response = server.post("/v2/models/spans/infer", {"inputs": inputs, "outputs": outputs})
    size = int(response.headers[JSON_BYTES])
    (tensor,) = json.loads(response.content[:size])["outputs"]
    assert tensor["name"] == "end_logits"
    count = feed["input_ids"].size
    assert len(struct.unpack(f"<{count}f", response.content[size:])) == count


def test_protocol_metadata(server: Server) -> None:
    assert "binary_tensor_data" in server.get("/v2").json()["extensions"]
    assert server.get("/v2/health/live").json() == {"live": True}
    assert server.get("/v2/health/ready").json() == {"ready": True}
    assert server.get("/v2/models/labels/ready").json() == {"name": "labels", "ready": True}
    assert isinstance(server.get("/v2/models/nothing").json()["error"], str)


# -- operation ---------------------------------------------------------------------------------------------------------


def figures(server: Server, name: str) -> dict[str, float]:
    """Values by label set."""
    lines = [line for line in server.get("/metrics").text.splitlines() if line.startswith(f"{name}{{")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_figures_are_those_of_both_workers(server: Server, sessions: dict[str, Session]) -> None:
    name = 'edgelm_requests_total{endpoint="/embed",status="200"}'
    texts, tokens = 'edgelm_texts_total{model="vectors"}', 'edgelm_tokens_total{model="vectors"}'
    server.post("/embed", {"model": "vectors", "inputs": "good"})
    before = [figures(server, key.partition("{")[0])[key] for key in (name, texts, tokens)]
    seen = len(server.events("request"))
    for _ in range(40):
        server.post("/embed", {"model": "vectors", "inputs": ["good", "he lives"]})
    after = [figures(server, key.partition("{")[0])[key] for key in (name, texts, tokens)]
    each = sum(len(sessions["vectors"].tokenizer.encode(text).ids) for text in ("good", "he lives"))
    assert [b - a for a, b in zip(before, after, strict=True)] == [40, 80, 40 * each]
    assert len({line["pid"] for line in server.events("request")[seen:]}) == 2
    assert "edgelm_workers 2.0" in server.get("/metrics").text


def test_the_description_is_complete_and_the_page_needs_nothing_else(server: Server) -> None:
    described = server.get("/openapi.json").json()
    paths = described["paths"]
    text = json.dumps(described)
    for path in ("/classify", "/v1/embeddings", "/v2/models/{model}/infer"):
        assert {"200", "400", "401", "413", "422", "429", "503", "504"} <= set(paths[path]["post"]["responses"])
    schemas = described["components"]["schemas"]
    used = {piece.partition('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert used == set(schemas) & used
    page = server.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert all(path.replace("{", "").split("/")[1] in page.text for path in paths)
    assert "http" not in page.text.replace("http-equiv", ""), "something is fetched"
