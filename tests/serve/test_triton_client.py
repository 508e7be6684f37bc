"""Triton's own HTTP client gets right answers from `edgelm serve`: it, and not we, decides what the wire looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from edgelm.session import Session

from .running import Server

TEXTS = ("he lives in paris", "good")


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with triton.InferenceServerClient(server.url.removeprefix("http://")) as found:
        yield found


def feed_of(session: Session) -> dict[str, np.ndarray]:
    """What the model reads of the texts, in the dtypes of its signature."""
    encodings = [session.tokenizer.encode(text) for text in TEXTS]
    arrays = session.tokenizer.arrays(encodings, session.names)
    return {spec["name"]: arrays[spec["name"]].astype(spec["dtype"]) for spec in session.manifest["artifact"]["inputs"]}


def inputs_of(client: Any, name: str, feed: dict[str, np.ndarray], *, binary: bool = True) -> list[Any]:
    """By the model's metadata, as a client that knows nothing else."""
    inputs = []
    for tensor in client.get_model_metadata(name)["inputs"]:
        inputs.append(triton.InferInput(tensor["name"], feed[tensor["name"]].shape, tensor["datatype"]))
        inputs[-1].set_data_from_numpy(feed[tensor["name"]], binary_data=binary)
    return inputs


@pytest.mark.parametrize("name", ["labels", "small", "entities", "spans", "vectors"])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("version", ["", "1"])
def test_infer(client: Any, sessions: dict[str, Session], name: str, binary: bool, version: str) -> None:
    feed = feed_of(sessions[name])
    expected = sessions[name].runner(feed)
    outputs = [triton.InferRequestedOutput(output, binary_data=binary) for output in expected]
    inputs = inputs_of(client, name, feed, binary=binary)
    found = client.infer(name, inputs, model_version=version, outputs=outputs, request_id="7")
    assert found.get_response()["id"] == "7"
    for output, array in expected.items():
        np.testing.assert_array_equal(found.as_numpy(output), array)


def test_all_outputs_without_asking_and_asynchronously(client: Any, sessions: dict[str, Session]) -> None:
    feed = feed_of(sessions["spans"])
    expected = sessions["spans"].runner(feed)
    inputs = inputs_of(client, "spans", feed)
    for found in (client.infer("spans", inputs), client.async_infer("spans", inputs).get_result()):
        for output, array in expected.items():
            np.testing.assert_array_equal(found.as_numpy(output), array)


@pytest.mark.parametrize("version", ["", "1"])
def test_metadata_configuration_and_readiness(client: Any, version: str) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("spans", version)
    assert {"binary_tensor_data", "model_configuration"} <= set(client.get_server_metadata()["extensions"])
    metadata = client.get_model_metadata("spans", version)
    config = client.get_model_config("spans", version)
    assert (metadata["versions"], config["name"], config["platform"]) == (["1"], "spans", metadata["platform"])
    assert config["max_batch_size"] == 0
    for kind in ("input", "output"):
        for tensor, configured in zip(metadata[f"{kind}s"], config[kind], strict=True):
            assert configured["name"] == tensor["name"]
            assert configured["data_type"] == f"TYPE_{tensor['datatype']}"
            assert configured["dims"] == tensor["shape"]


def test_what_is_not_there_is_refused_in_words(client: Any, sessions: dict[str, Session]) -> None:
    inputs = inputs_of(client, "labels", feed_of(sessions["labels"]))
    assert not client.is_model_ready("nothing")
    assert not client.is_model_ready("labels", "2")
    for ask in (
        lambda: client.infer("labels", inputs, model_version="2"),
        lambda: client.get_model_config("labels", "2"),
        lambda: client.get_model_metadata("labels", "2"),
    ):
        with pytest.raises(InferenceServerException, match="no such version; there is: 1"):
            ask()
    classes = triton.InferRequestedOutput("logits", class_count=2)
    with pytest.raises(InferenceServerException, match="classification is an extension that is not here"):
        client.infer("labels", inputs, outputs=[classes])
    elsewhere = triton.InferRequestedOutput("logits")
    elsewhere.set_shared_memory("region", 64)
    with pytest.raises(InferenceServerException, match="shared_memory_region is an extension that is not here"):
        client.infer("labels", inputs, outputs=[elsewhere])
    with pytest.raises(InferenceServerException, match="The inputs must be"):
        client.infer("labels", inputs[:1])
    with pytest.raises(InferenceServerException, match="without a content encoding"):
        client.infer("labels", inputs, request_compression_algorithm="gzip")
