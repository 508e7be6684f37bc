"""The JSON of requests and answers, by which they are checked and described in openapi.json."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_MOST_ANSWERS = 1000


def _readable(text: str) -> str:
    """The text, if a tokenizer takes it."""
    if not text.strip():
        raise PydanticCustomError("empty_text", "The text is empty.")
    if "\0" in text:
        raise PydanticCustomError("nul_text", "The text holds a NUL character.")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise PydanticCustomError("half_character", "The text is not valid Unicode.") from None
    return text


_TEXT_SCHEMA = {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]*\S[^\u0000]*$"}
Text = Annotated[str, AfterValidator(_readable), WithJsonSchema(_TEXT_SCHEMA)]
"""Not empty, no NUL."""


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 2.0 is the whole number 2."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Size = Annotated[int, Field(ge=1), BeforeValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 1})]


class Strict(BaseModel):
    """Takes what is described, of the types that are described, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TextPair(Strict):
    """A text, and perhaps a second one."""

    text: Text
    pair: Text | None = None


class WholePair(Strict):
    """Two texts."""

    text: Text
    pair: Text


class Asked(Strict):
    """A question, and the context that holds its answer."""

    question: Text
    context: Text


class Choice(Strict):
    """A text, and what may follow it."""

    text: Text
    choices: Annotated[list[Text], Field(min_length=2)]


T = TypeVar("T")
Many = Annotated[list[T], Field(min_length=1)]
Name = Annotated[
    str | None, Field(description="A served model's name; not needed where one model alone does this task.")
]
_COUNT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": _MOST_ANSWERS}
Count = Annotated[int, Field(ge=1, le=_MOST_ANSWERS), BeforeValidator(_whole), WithJsonSchema(_COUNT_SCHEMA)]
TopK = Annotated[Count | None, Field(description="How many answers.")]
Truncate = Annotated[bool, Field(description="Cut a text that is too long instead of refusing it.")]
Prompt = Annotated[
    str | None, Field(description="The name of the prompt that goes before each text; default: the model's default.")
]


class _Request(Strict):
    model: Name = None
    truncate: Truncate = False


class ClassifyRequest(_Request):
    """Texts or pairs to label."""

    inputs: Text | TextPair | Many[Text | TextPair]
    top_k: TopK = None


class EntitiesRequest(_Request):
    """Texts to find entities in."""

    inputs: Text | Many[Text]
    aggregation: Literal["none", "simple", "first", "average", "max"] = "simple"


class IntentRequest(_Request):
    """Texts to find the intent and the slots of."""

    inputs: Text | Many[Text]


class AnswerRequest(Strict):
    """Questions to answer from their contexts, which may be of any length."""

    model: Name = None
    inputs: Asked | Many[Asked]
    top_k: TopK = None


class FillRequest(_Request):
    """Texts with the model's mask token in them."""

    inputs: Text | TextPair | Many[Text | TextPair]
    top_k: TopK = None


class ChooseRequest(_Request):
    """Texts with their choices."""

    inputs: Choice | Many[Choice]
    top_k: TopK = None


class EmbedRequest(_Request):
    """Texts to embed."""

    inputs: Text | Many[Text]
    prompt: Prompt = None


class SimilarityRequest(_Request):
    """Pairs to compare."""

    inputs: WholePair | Many[WholePair]
    prompt: Prompt = None


class RerankRequest(BaseModel):
    """Cohere's request; what else clients send is ignored."""

    model_config = ConfigDict(strict=True, frozen=True)

    query: Text
    documents: Many[Text]
    model: Name = None
    top_n: TopK = None
    return_documents: bool = False
    truncate: Annotated[bool, Field(description="Cut a pair that is too long, as Cohere does; else refuse it.")] = True


class Label(Strict):
    """A label and its score."""

    label: str
    score: float


class Entity(Strict):
    """Some characters of the text, and what they name."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int


class TokenEntity(Strict):
    """A token and what it names; of aggregation ``none``."""

    entity: str
    score: float
    index: int
    word: str
    start: int
    end: int


class Intent(Strict):
    """What is wanted of an assistant, and the characters that say of what, when and where."""

    intent: str
    score: float
    slots: list[Entity]


class Span(Strict):
    """An answer, and where in the context it stands."""

    score: float
    start: int
    end: int
    answer: str


class Filled(Strict):
    """A token for the mask, and the text with it."""

    score: float
    token: int
    token_str: str
    sequence: str


class Similarity(Strict):
    """The cosine of two embeddings."""

    similarity: float


class _Response(Strict):
    model: str


class ClassifyResponse(_Response):
    """For each input its labels, best first."""

    outputs: list[list[Label]]


class EntitiesResponse(_Response):
    """For each input its entities."""

    outputs: list[list[Entity | TokenEntity]]


class IntentResponse(_Response):
    """For each input its intent and slots."""

    outputs: list[Intent]


class AnswerResponse(_Response):
    """For each question its answers, best first."""

    outputs: list[list[Span]]


class FillResponse(_Response):
    """For each input the tokens of its mask, best first; of a text with several masks such a list for each."""

    outputs: list[list[Filled] | list[list[Filled]]]


class ChooseResponse(_Response):
    """For each input its choices, best first."""

    outputs: list[list[Label]]


class EmbedResponse(_Response):
    """For each input its vector; of a model for feature-extraction the vectors of its tokens."""

    outputs: list[list[float] | list[list[float]]]


class SimilarityResponse(_Response):
    """For each pair its similarity."""

    outputs: list[Similarity]


class Document(Strict):
    """A document that was ranked."""

    text: str


class Ranked(Strict):
    """A document's place in the request, and its score."""

    index: int
    relevance_score: float
    document: Document | None = None


class RerankResponse(_Response):
    """Cohere's answer: the documents, best first; with their texts where those were asked for."""

    results: list[Ranked]


class ErrorDetail(Strict):
    """What went wrong."""

    code: str
    message: str


class Error(Strict):
    """Instead of an answer."""

    error: ErrorDetail


# -- OpenAI ------------------------------------------------------------------------------------------------------------

Token = Annotated[int, Field(ge=0), BeforeValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 0})]


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


# -- Open Inference Protocol (KServe v2) -------------------------------------------------------------------------------


class ServerMetadata(Strict):
    """This server."""

    name: str
    version: str
    extensions: list[str]


class Live(Strict):
    """Whether it answers."""

    live: bool


class Ready(Strict):
    """Whether it takes requests."""

    ready: bool


class ModelReady(Strict):
    """Whether a model takes requests."""

    name: str
    ready: bool


class TensorMetadata(Strict):
    """A tensor of a model; -1 is any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Strict):
    """A model's signature."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


Parameters = dict[str, bool | int | float | str]


class _Lenient(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class InferInput(_Lenient):
    """A tensor: its data here, or behind the JSON as ``binary_data_size`` bytes."""

    name: str
    shape: Annotated[list[Size], Field(min_length=2, max_length=2)]
    datatype: str
    parameters: Parameters = Field(default_factory=dict)
    data: list[Any] | None = None


class InferOutput(_Lenient):
    """An output that is asked for."""

    name: str
    parameters: Parameters = Field(default_factory=dict)


class InferRequest(_Lenient):
    """Tensors for a model; without ``outputs`` all are given."""

    id: str | None = None
    parameters: Parameters = Field(default_factory=dict)
    inputs: Annotated[list[InferInput], Field(min_length=1)]
    outputs: list[InferOutput] | None = None


class InferTensor(Strict):
    """A tensor of an answer; one sent as bytes has no data but ``binary_data_size`` among its parameters."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = Field(default_factory=dict)
    data: list[float | None] | None = None


class InferResponse(Strict):
    """The model's outputs, row by row."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[InferTensor]


class KServeError(Strict):
    """Instead of an answer, in the protocol's form."""

    error: str


# -- the server itself -------------------------------------------------------------------------------------------------


class Health(Strict):
    """The process runs."""

    status: Literal["ok"]


class ModelState(Strict):
    """What answers under a name, and why the folder's newer bundle does not, if there is one."""

    task: str
    target: str
    precision: str
    digest: str
    reload_error: str | None


class Readiness(Strict):
    """Whether requests are taken, and by which models."""

    status: Literal["ready", "draining"]
    models: dict[str, ModelState]
