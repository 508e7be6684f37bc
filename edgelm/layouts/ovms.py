"""A model repository for OpenVINO Model Server: ``config.json`` and ``<name>/1/model.xml`` with its ``.bin``.

https://docs.openvino.ai, "Model Server Parameters"; the keys are those of the server's own schema, ``src/schema.cpp``.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from edgelm.bundle import write_json
from edgelm.layouts.subject import Subject, client, place_model, rendered, write_request


def fill(subject: Subject, folder: Path) -> None:
    """The repository, and beside it the README and a request. The server compiles the model as the proof did."""
    place_model(subject, folder / subject.name / "1")
    model = {
        "name": subject.name,
        "base_path": subject.name,  # relative to config.json
        "target_device": "CPU",
        "plugin_config": subject.compiled_with,
    }
    write_json(folder / "config.json", {"model_config_list": [{"config": model}]})
    write_request(subject, folder)
    readme = rendered(
        "ovms.md",
        name=subject.name,
        bundle=subject.bundle.path.name,
        precision=subject.bundle.manifest["precision"],
        runtime=subject.runtime,
        batching=textwrap.fill(_batching(subject), 120, break_on_hyphens=False),
        client=client(subject),
    )
    (folder / "README.md").write_text(readme, "utf-8")


def _batching(subject: Subject) -> str:
    properties = ", ".join(f"`{key}={value}`" for key, value in subject.compiled_with.items())
    return (
        f"The server runs each request as it comes, with what the proof ran with: {properties}. `NUM_STREAMS` and "
        "`INFERENCE_NUM_THREADS` may be raised for many callers; the others change the answers. A request may hold "
        "several texts, padded to the longest (0 in `attention_mask`)."
    )
