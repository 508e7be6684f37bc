"""FastAPI around sentence-transformers on its onnx backend, in int8; as a script, it quantizes the model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer, export_dynamic_quantized_onnx_model

CPU_FLAGS = Path("/proc/cpuinfo").read_text("utf-8")
KIND = next((kind for kind in ("avx512_vnni", "avx2") if kind in CPU_FLAGS), "arm64")
FILE = f"onnx/model_qint8_{KIND}.onnx" if KIND != "avx2" else "onnx/model_quint8_avx2.onnx"
app = FastAPI()


class Request(BaseModel):
    """A text or texts."""

    inputs: str | list[str]


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Whether it answers."""
    return {"status": "ok"}


@app.post("/embed")
def embed(request: Request) -> dict[str, Any]:
    """A vector for each text."""
    texts = [request.inputs] if isinstance(request.inputs, str) else request.inputs
    return {"outputs": model.encode(texts, show_progress_bar=False).tolist()}


def quantize(source: str, folder: Path) -> None:
    """Write the model and its quantized graph, unless they are there."""
    if (folder / FILE).exists():
        return
    plain = SentenceTransformer(source, backend="onnx", model_kwargs={"export": True})
    plain.save_pretrained(str(folder))
    export_dynamic_quantized_onnx_model(plain, KIND, str(folder))


if __name__ == "__main__":
    quantize(sys.argv[1], Path(sys.argv[2]))
else:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = SentenceTransformer(
        os.environ["MODEL"], backend="onnx", model_kwargs={"file_name": FILE, "session_options": options}
    )
