"""What the schemas of all endpoints are made of."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

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
Token = Annotated[int, Field(ge=0), BeforeValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 0})]
