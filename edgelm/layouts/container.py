"""`edgelm serve` over a bundle in a container: what an image is built from, and how Kubernetes and KServe run it."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path

from edgelm import registry
from edgelm.bundle import MANIFEST, sha256
from edgelm.layouts.subject import Subject, link, rendered, write_request
from edgelm.serve.settings import TOKENS_VARIABLE

CORES = 2
"""Of a container, and so its workers: a process in a container sees all cores of its machine."""
PORT = 8080
USER = 10001
"""No user of the machine has it."""
DRAIN_SECONDS = 25
UNLISTED_SECONDS = 5
"""Before the end is announced to a pod: so long others may still send to it."""
GRACE_SECONDS = UNLISTED_SECONDS + DRAIN_SECONDS + 5
"""Until Kubernetes kills: later than the server ends by itself."""
_WORKER_MB = 200
"""Of a worker beside its model: measured 125 to 140, with what a request holds on top."""
_MODEL_COPIES = 2
"""While a runtime compiles a model, its file and what became of it are both in memory."""
_LONGEST_NAME = 40
"""A DNS label has 63 characters, and KServe puts its own behind a name."""


def fill(subject: Subject, folder: Path) -> None:
    """Everything an image is built from, its own bundle among it, the manifests, the README and a request."""
    _place_bundle(subject, folder / "bundle")
    (folder / "install").mkdir()
    (folder / "install" / "requirements.txt").write_text(_requirements(subject), "utf-8")
    values = {
        "name": resource_name(subject.name),
        "model": subject.name,
        "image": f"{resource_name(subject.name)}:{_tag(subject)}",
        "port": PORT,
        "user": USER,
        "grace": GRACE_SECONDS,
        "variable": TOKENS_VARIABLE,
    }
    (folder / "Containerfile").write_text(
        rendered("Containerfile", **values, python=_python(), command=json.dumps(command(subject))), "utf-8"
    )
    _write_manifests(subject, folder, values)
    write_request(subject, folder)
    readme = rendered("container.md", **values, bundle=subject.bundle.path.name, runtime=subject.runtime)
    (folder / "README.md").write_text(readme, "utf-8")


def command(subject: Subject) -> list[str]:
    """What follows `edgelm serve` in the container."""
    options = {
        "--host": "0.0.0.0",
        "--port": PORT,
        "--workers": CORES,
        "--threads": 1,
        "--drain-seconds": DRAIN_SECONDS,
    }
    pairs = [str(part) for pair in options.items() for part in pair]
    return [f"{subject.name}=/bundle", *pairs, "--no-reload"]


def resource_name(name: str) -> str:
    """A model's name as Kubernetes takes it for a service: a DNS label (RFC 1035) that begins with a letter."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    label = label if label[:1].isalpha() else f"model-{label}"
    return label[:_LONGEST_NAME].rstrip("-")


def _place_bundle(subject: Subject, folder: Path) -> None:
    """The bundle without its reports: `edgelm serve` verifies every other file of it."""
    for name in (*subject.bundle.manifest["files"], MANIFEST):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        link(subject.bundle.path / name, folder / name)


def _requirements(subject: Subject) -> str:
    """edgelm with what serves the bundle, the runtime in the version that proved it."""
    target = registry.target(subject.bundle.manifest["target"])
    runtime = _distribution(target.versions)
    return f"edgelm[{target.extra},serve]=={version('edgelm')}\n{runtime}\nnumpy=={version('numpy')}\n"


def _distribution(versions: str) -> str:
    """``onnxruntime==1.31.1``, of ``onnxruntime 1.31.1 on Python 3.11, numpy 2.4.6``."""
    name, number = versions.split()[:2]
    return f"{name}=={number}"


def _tag(subject: Subject) -> str:
    """Of the manifest's digest, which has those of all files: another bundle is another image."""
    return sha256(subject.bundle.path / MANIFEST)[:12]


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _write_manifests(subject: Subject, folder: Path, values: dict[str, object]) -> None:
    model_mb = sum((subject.bundle.path / name).stat().st_size for name in subject.files) / 1e6
    memory = f"{round(CORES * (_WORKER_MB + _MODEL_COPIES * model_mb))}M"
    pod_values = {**values, "memory": memory, "cores": CORES, "unlisted": UNLISTED_SECONDS}
    for template, container, depth in (("kubernetes.yaml", "server", 6), ("kserve.yaml", "kserve-container", 4)):
        pod = rendered("pod.yaml", **pod_values, container=container)
        text = rendered(template, **values, pod=textwrap.indent(pod, " " * depth).strip())
        (folder / template).write_text(text, "utf-8")
