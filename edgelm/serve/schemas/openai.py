"""OpenAI's requests and answers, as far as embeddings need them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edgelm.serve.schemas.parts import Many, Prompt, Size, Strict, Text, Token


class EmbeddingsRequest(BaseModel):
    """OpenAI's request; what else clients send is ignored."""

    model_config = ConfigDict(strict=True, frozen=True)

    input: Text | Many[Text] | Many[Token] | Many[Many[Token]]
    model: str
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[Size | None, Field(description="If given, it must be the model's own.")] = None
    prompt: Prompt = None
    user: str | None = None


class Embedding(Strict):
    """A vector: numbers, or the base64 of little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(Strict):
    """Tokens, special tokens included."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsResponse(Strict):
    """OpenAI's answer."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage


class OpenAIModel(Strict):
    """A served model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class OpenAIModels(Strict):
    """All served models."""

    object: Literal["list"]
    data: list[OpenAIModel]


class OpenAIErrorDetail(Strict):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(Strict):
    """Instead of an answer, in OpenAI's form."""

    error: OpenAIErrorDetail
