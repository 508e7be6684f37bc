"""Requests and answers of the tasks' own endpoints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edgelm.serve.schemas.parts import Many, Name, Prompt, Strict, Text, TopK, Truncate


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
