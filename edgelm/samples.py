"""The texts an artifact is tried on: a small bilingual sample that ships with edgelm, or the user's own file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from edgelm.errors import UsageError
from edgelm.tokenizer import Text, TextTokenizer, cut
from edgelm.types import Array

MOST_TEXTS = 64
"""Of a user's file that parity is tried on."""
_BATCH = 4
_MOST_BYTES = 64 << 20
"""A long text's outputs stay below this, for the logits of a masked language model are a vocabulary wide; and so do the
attention scores of one layer, of which some models could take 8192 tokens."""


@dataclass(frozen=True)
class Feed:
    """One call of the model: its texts, and the int32 arrays [texts, length] made of them."""

    name: str
    texts: tuple[Text, ...]
    arrays: dict[str, Array]


def read_samples(path: Path | None, most: int = MOST_TEXTS) -> list[Text]:
    """Texts and pairs from a file: one text a line, or with ``.jsonl`` objects with ``text`` and perhaps ``pair``.

    The first ``most`` of them. Without a path, the bilingual sample inside the package. UsageError names the line that
    is wrong.
    """
    if path is None:
        content = (files("edgelm") / "data" / "samples.jsonl").read_text("utf-8")
        return [_sample(line) for line in content.splitlines()]
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # splitlines would also break at U+2028, inside a text
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}.") from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()][:most]
    if not numbered:
        raise UsageError(f"{path} holds no text.")
    if path.suffix != ".jsonl":
        return [line for _, line in numbered]
    texts = []
    for number, line in numbered:
        try:
            texts.append(_sample(line))
        except (ValueError, KeyError, TypeError, RecursionError):  # a JSONDecodeError is a ValueError
            raise UsageError(f'{path}:{number} is not of the form {{"text": "...", "pair": "..."}}.') from None
    return texts


def longest_text(max_length: int, token_bytes: int, pair_bytes: int) -> int:
    """Tokens of the longest text that is tried.

    ``token_bytes`` is the size of the outputs for one token, ``pair_bytes`` that of the largest tensor between, for one
    pair of tokens.
    """
    return max(1, min(max_length, _MOST_BYTES // max(token_bytes, 1), math.isqrt(_MOST_BYTES // max(pair_bytes, 1))))


def feeds(texts: Sequence[Text], tokenizer: TextTokenizer, names: Sequence[str], longest: int, task: str) -> list[Feed]:
    """Every text alone, the first few padded into one batch, and all of them joined to one of ``longest`` tokens.

    ``task`` fill-mask masks a word of each text.
    """
    texts = [_masked(text, tokenizer) if task == "fill-mask" else text for text in texts]
    encodings = [cut(tokenizer, text, longest) for text in texts]
    found = [Feed(f"text {i}", (texts[i],), tokenizer.arrays([e], names)) for i, e in enumerate(encodings)]
    batch = range(min(_BATCH, len(texts)))
    found.append(
        Feed("padded batch", tuple(texts[i] for i in batch), tokenizer.arrays([encodings[i] for i in batch], names))
    )
    long_text = _long_text(texts, longest)
    found.append(Feed("long text", (long_text,), tokenizer.arrays([cut(tokenizer, long_text, longest)], names)))
    return found


def _sample(line: str) -> Text:
    """A text or pair; ValueError, KeyError or TypeError when the line holds none."""
    fields = json.loads(line)
    parts = [fields["text"], *([fields["pair"]] if "pair" in fields else [])]
    if not all(isinstance(part, str) and part.strip() for part in parts):
        raise ValueError(line)
    return (parts[0], parts[1]) if len(parts) == 2 else parts[0]


def _masked(text: Text, tokenizer: TextTokenizer) -> Text:
    """The text with its middle word replaced by the mask token."""
    if not isinstance(text, str):
        return (str(_masked(text[0], tokenizer)), text[1])
    mask = tokenizer.special_tokens.get("mask")
    if mask is None:
        raise UsageError("The tokenizer has no mask token, so fill-mask cannot be tried.")
    words = text.split()
    if mask in text:
        return text
    if len(words) == 1:  # Chinese, for one: a character stands for a word
        return text[: len(text) // 2] + mask + text[len(text) // 2 + 1 :]
    words[len(words) // 2] = mask
    return " ".join(words)


def _long_text(texts: Sequence[Text], length: int) -> str:
    """All texts one after the other, in whatever languages they are, again and again: at least ``length`` words."""
    parts = [part for text in texts for part in ([text] if isinstance(text, str) else text)]
    words = sum(len(part.split()) for part in parts)
    return " ".join(parts * (1 + length // words))
