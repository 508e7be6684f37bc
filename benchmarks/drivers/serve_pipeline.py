"""The server of a first afternoon: FastAPI around a pipeline of transformers, its vectors averaged and normalized."""

from __future__ import annotations

import os
from typing import Any

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

torch.set_num_threads(1)
extract = pipeline("feature-extraction", model=os.environ["MODEL"], device="cpu")
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
    states = extract(texts, return_tensors=True, tokenize_kwargs={"truncation": True, "max_length": 256})
    vectors = [torch.nn.functional.normalize(state[0].mean(dim=0), dim=0).tolist() for state in states]
    return {"outputs": vectors}
