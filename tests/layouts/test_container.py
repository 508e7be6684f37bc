"""What a container is built from and run by: options that `edgelm serve` takes, manifests of the published schemas."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import numpy as np
import pytest
import yaml

from edgelm import golden
from edgelm.bundle import MANIFEST, REPORTS, Bundle
from edgelm.cli import cli
from edgelm.layouts.container import resource_name
from edgelm.serve.settings import TOKENS_VARIABLE

from ..serve.running import Server

TARGETS = ("onnx", "openvino", "cpu-server", "tflite")


def instruction(place: Path, name: str) -> str:
    """An instruction's arguments; lines that go on are joined."""
    text = (place / "Containerfile").read_text("utf-8").replace("\\\n", "")
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return line.removeprefix(f"{name} ")


def command_of(place: Path) -> list[str]:
    found: list[str] = json.loads(instruction(place, "CMD"))
    return found


def served(place: Path) -> dict[str, Any]:
    """What our own command line makes of the container's."""
    assert json.loads(instruction(place, "ENTRYPOINT")) == ["edgelm", "serve"]
    return cli.commands["serve"].make_context("serve", command_of(place)).params


def manifests(place: Path, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((place / name).read_text("utf-8")))


def pods(place: Path) -> Iterator[dict[str, Any]]:
    """The Deployment's pod and KServe's."""
    yield manifests(place, "kubernetes.yaml")[0]["spec"]["template"]["spec"]
    yield manifests(place, "kserve.yaml")[0]["spec"]["predictor"]


@pytest.mark.parametrize("target", TARGETS)
def test_the_manifests_are_of_the_published_schemas(lay_out: Any, schema: Any, target: str) -> None:
    place = lay_out("container", target)
    deployment, service = manifests(place, "kubernetes.yaml")
    (inference,) = manifests(place, "kserve.yaml")
    for manifest, name in ((deployment, "kubernetes"), (service, "kubernetes"), (inference, "kserve")):
        jsonschema.validate(manifest, schema(name))
        manifest["spec"]["wrong"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(manifest, schema(name))


def test_a_wrong_field_of_a_pod_is_seen(lay_out: Any, schema: Any) -> None:
    (inference,) = manifests(lay_out("container", "onnx"), "kserve.yaml")
    inference["spec"]["predictor"]["containers"][0]["readinessProbe"]["httpGet"]["prot"] = 1
    with pytest.raises(jsonschema.ValidationError, match="prot"):
        jsonschema.validate(inference, schema("kserve"))


@pytest.mark.parametrize("target", TARGETS)
def test_the_parts_fit_one_another(lay_out: Any, target: str) -> None:
    place = lay_out("container", target)
    options = served(place)
    user = instruction(place, "USER").partition(":")[0]
    assert int(user) > 0
    assert options["host"] == "0.0.0.0"
    assert str(options["port"]) == instruction(place, "EXPOSE")
    assert options["bundles"][0].endswith("=/bundle")
    assert instruction(place, "COPY").endswith("bundle/ /bundle/")
    for pod in pods(place):
        (container,) = pod["containers"]
        (port,) = container["ports"]
        assert port["containerPort"] == options["port"]
        assert pod["securityContext"]["runAsUser"] == int(user)
        assert container["resources"]["limits"]["cpu"] == str(options["workers"] * options["threads"])
        (variable,) = container["env"]
        assert variable["name"] == TOKENS_VARIABLE
        before_the_end = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
        assert pod["terminationGracePeriodSeconds"] > before_the_end + options["drain_seconds"]
        (mount,), (volume,) = container["volumeMounts"], pod["volumes"]
        assert (mount["name"], mount["mountPath"]) == (volume["name"], "/tmp")
    deployment, service = manifests(place, "kubernetes.yaml")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    assert service["spec"]["ports"][0]["targetPort"] == options["port"]


def test_the_image_has_the_bundle_and_the_runtime_that_proved_it(lay_out: Any) -> None:
    place = lay_out("container", "onnx")
    bundle, copy = Bundle.open(place.with_name("onnx")), Bundle.open(place / "bundle")
    copy.verify()
    assert copy.manifest == bundle.manifest
    files = {path.relative_to(copy.path).as_posix() for path in copy.path.rglob("*") if path.is_file()}
    assert files == {*bundle.manifest["files"], MANIFEST}
    assert not files & set(REPORTS)
    wanted = (place / "install" / "requirements.txt").read_text("utf-8").split()
    assert wanted[0].startswith("edgelm[onnx,serve]==")
    report = json.loads((bundle.path / "report.json").read_text("utf-8"))
    assert wanted[1] == report["facts"]["runtime"].partition(" on ")[0].replace(" ", "==")
    assert wanted[2] == f"numpy=={np.__version__}"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("all-MiniLM-L6-v2", "all-minilm-l6-v2"),
        ("my_org.model", "my-org-model"),
        ("2024-classifier", "model-2024-classifier"),
        ("x" * 39 + "-y", "x" * 39),
    ],
)
def test_a_models_name_as_a_label(model: str, name: str) -> None:
    assert resource_name(model) == name


def test_the_containers_command_serves_and_ends(lay_out: Any, tmp_path: Path) -> None:
    """As in the container but for the bundle's place and the port; /tmp is the only place that is written to."""
    place = lay_out("container", "onnx")
    command = [part.replace("=/bundle", f"={place / 'bundle'}") for part in command_of(place)]
    command[command.index("--port") + 1] = "0"
    command[command.index("--workers") + 1] = "1"
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(scratch), "TMPDIR": str(scratch), TOKENS_VARIABLE: "secret"}
    log_file = tmp_path / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "edgelm", "serve", *command], stderr=log, env=environment)
    server = Server(process, log_file)
    try:
        server.url = server.wait_for("serving")[0]["url"].replace("0.0.0.0", "127.0.0.1")
        for pod in pods(place):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert server.get(pod["containers"][0][probe]["httpGet"]["path"]).status_code == 200
        assert health(place, server.url) == 0
        body = json.loads((place / "request.json").read_text("utf-8"))
        path = f"/v2/models/{command[0].partition('=')[0]}/infer"
        assert server.post(path, body).status_code == 401
        server.headers["Authorization"] = "Bearer secret"
        answer = server.post(path, body).json()["outputs"][0]["data"]
        (case,) = [
            case
            for case in golden.read(place / "bundle")
            if case.inputs["input_ids"].ravel().tolist() == body["inputs"][0]["data"]
        ]
        np.testing.assert_allclose(answer, case.outputs["logits"].ravel(), atol=1e-5)
        assert server.stop() == 0
        assert health(place, server.url) != 0
    finally:
        process.kill()
        process.wait()
    assert not list(place.rglob("*.pyc"))


def health(place: Path, url: str) -> int:
    """Exit code of the container's own health check, asked at that address."""
    check = json.loads(instruction(place, "HEALTHCHECK").partition("CMD ")[2])
    port = served(place)["port"]
    code = check[2].replace(f"http://127.0.0.1:{port}", str(httpx.URL(url)).rstrip("/"))
    assert code != check[2]
    return subprocess.run([sys.executable, *check[1:2], code], capture_output=True, check=False).returncode
