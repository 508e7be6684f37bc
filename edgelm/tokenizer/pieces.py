"""A SentencePiece model as data: its pieces, their scores, and how it normalizes a text (Kudo and Richardson 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edgelm.errors import ToolchainError, UnsupportedError, UsageError

_KINDS = {1: "Unigram", 2: "BPE"}
"""TrainerSpec's model types that have subwords; 3 and 4 are whole words and characters."""
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
"""What a piece is, by SentencePiece's own numbers."""
_AGAIN = "Fetch or copy it again."


@dataclass(frozen=True)
class Piece:
    """One entry of the vocabulary; its id is its place."""

    text: str
    score: float
    """A logarithm of a probability (Unigram) or minus the rank of its merge (BPE)."""
    kind: int


@dataclass(frozen=True)
class PieceModel:
    """All that a tokenizer built from it has to follow."""

    path: Path
    kind: str
    """``Unigram`` or ``BPE``."""
    pieces: tuple[Piece, ...]
    unknown: int
    """The id of the unknown piece."""
    byte_fallback: bool
    """Whether an unknown character becomes the pieces of its UTF-8 bytes."""
    charsmap: bytes
    """SentencePiece's own normalization (nmt_nfkc and others), compiled; empty where a text stays as it is."""
    add_dummy_prefix: bool
    """Whether a text begins as if a space stood before it."""
    remove_extra_whitespaces: bool
    """Whether spaces at either end go, and several become one."""

    @cached_property
    def spans_words(self) -> bool:
        """Whether a piece may hold more than one word, or a space cannot stand alone: then no text is split before."""
        return any("▁" in piece.text[1:] for piece in self.pieces) or all(piece.text != "▁" for piece in self.pieces)


def read(path: Path) -> PieceModel:
    """The model in a ``.model`` file, checked by SentencePiece itself.

    ToolchainError where sentencepiece is missing; UsageError for a file that is no model, or only a part of one;
    UnsupportedError for one of words or characters, or with spaces behind its words.
    """
    sentencepiece, proto = _libraries(path)
    try:
        content = path.read_bytes()
        sentencepiece.SentencePieceProcessor().LoadFromSerializedProto(content)
        model = proto.ModelProto.FromString(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (RuntimeError, ValueError) as error:
        cause = str(error).splitlines()[-1] if str(error) else type(error).__name__
        raise UsageError(f"{path} is no SentencePiece model, or not a whole one: {cause}.", hint=_AGAIN) from None
    return _checked(path, model)


def _libraries(path: Path) -> tuple[Any, Any]:
    """sentencepiece and the description of its files, which needs protobuf's runtime."""
    try:
        import sentencepiece
        from sentencepiece import sentencepiece_model_pb2
    except Exception as error:  # noqa: BLE001  protobuf raises its own where its runtime is older than the description
        raise ToolchainError(
            f"{path} is a SentencePiece model, which needs sentencepiece to be read: {error}.",
            hint="Run: pip install 'edgelm[sentencepiece]'",
        ) from None
    return sentencepiece, sentencepiece_model_pb2


def _checked(path: Path, model: Any) -> PieceModel:
    trainer, normalizer = model.trainer_spec, model.normalizer_spec
    if trainer.model_type not in _KINDS:
        raise UnsupportedError(f"{path} is a model of whole words or characters; Unigram and BPE are supported.")
    if trainer.treat_whitespace_as_suffix or not normalizer.escape_whitespaces:
        raise UnsupportedError(f"{path} does not mark where a word begins; only models that do are supported.")
    if not all(isinstance(piece.piece, str) for piece in model.pieces):  # protobuf gives other text as bytes
        raise UsageError(f"{path} is no whole SentencePiece model: a piece is not valid Unicode.", hint=_AGAIN)
    unknown = next(i for i, piece in enumerate(model.pieces) if piece.type == UNKNOWN)
    return PieceModel(
        path=path,
        kind=_KINDS[trainer.model_type],
        pieces=tuple(Piece(piece.piece, piece.score, piece.type) for piece in model.pieces),
        unknown=unknown,
        byte_fallback=trainer.byte_fallback,
        charsmap=normalizer.precompiled_charsmap,
        add_dummy_prefix=normalizer.add_dummy_prefix,
        remove_extra_whitespaces=normalizer.remove_extra_whitespaces,
    )
