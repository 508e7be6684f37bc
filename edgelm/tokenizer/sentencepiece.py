"""A ``tokenizers`` pipeline from a bare SentencePiece model, with the rules and ids of the family it belongs to.

What a text becomes is SentencePiece's own answer (its normalization, its dummy prefix, its unknown pieces), after what
the family does to a text first and inside the family's special tokens. transformers 5 builds some of these otherwise:
it drops DeBERTa's normalization and begins a new word after each of ALBERT's user-defined pieces, as the full stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelm.errors import UnsupportedError, UsageError
from edgelm.tokenizer import pieces
from edgelm.tokenizer.piece_families import FILES, Entry, family_of
from edgelm.tokenizer.pieces import PieceModel
from edgelm.tokenizer.settings import add_tokens, frame, settings, special_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.models import Model
    from tokenizers.normalizers import Normalizer
    from tokenizers.pre_tokenizers import PreTokenizer

_MARK = "▁"
"""What stands for the space before a word."""


def sentencepiece(folder: Path) -> tuple[Tokenizer, dict[str, str]]:
    """The tokenizer of a folder that has nothing but a SentencePiece model.

    Errors are those of ``pieces.read``; UnsupportedError for a family with rules of its own that are not known here.
    """
    from tokenizers import Tokenizer

    path = folder / next(name for name in FILES if (folder / name).is_file())
    family = family_of(folder, path.name)
    model = pieces.read(path)
    said = settings(folder, "tokenizer_config.json")
    vocabulary = family.vocabulary(model)
    unknown = model.pieces[model.unknown].text
    tokenizer = Tokenizer(_model(model, vocabulary, unknown))
    tokenizer.normalizer = _normalizer(model, family.steps(said))
    if _is_split(model):
        tokenizer.pre_tokenizer = _splitter(by_punctuation=bool(said.get("split_by_punct")))
    elif said.get("split_by_punct"):
        raise UnsupportedError(f"{path} has pieces of several words, so split_by_punct cannot be followed.")
    tokenizer.decoder = _decoder(model)
    special = special_tokens(folder, dict(vocabulary), {**family.special, "unk": unknown})
    _add_pieces(tokenizer, model)
    add_tokens(tokenizer, folder, special, mask_takes_space=family.mask_takes_space)
    frame(tokenizer, folder, special, is_doubled=family.is_doubled)
    return tokenizer, special


def _model(model: PieceModel, vocabulary: list[Entry], unknown: str) -> Model:
    from tokenizers import models

    if model.kind == "Unigram":
        place = next(i for i, (text, _) in enumerate(vocabulary) if text == unknown)
        return models.Unigram(vocabulary, unk_id=place, byte_fallback=model.byte_fallback)
    ids = {text: i for i, (text, _) in enumerate(vocabulary)}
    return models.BPE(ids, list(_merges(model)), unk_token=unknown, fuse_unk=True, byte_fallback=model.byte_fallback)


def _merges(model: PieceModel) -> Iterator[tuple[str, str]]:
    """Every way to merge a piece from two others, the best-scored piece first.

    SentencePiece merges whatever two neighbours make a piece together; a list of merges says the same.
    """
    scores = {piece.text: piece.score for piece in model.pieces if piece.kind == pieces.NORMAL}
    for text in sorted(scores, key=lambda text: -scores[text]):
        halves = ((text[:i], text[i:]) for i in range(1, len(text)))
        yield from (pair for pair in halves if pair[0] in scores and pair[1] in scores)


def _normalizer(model: PieceModel, steps: Iterator[Normalizer]) -> Normalizer:
    from tokenizers import Regex, normalizers

    found = list(steps)
    if model.charsmap:
        found.append(_precompiled(model))
    if _is_split(model):
        return normalizers.Sequence(found)
    if model.remove_extra_whitespaces:
        found += [normalizers.Replace(Regex(r"\A +| +\z"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    if model.add_dummy_prefix:
        found.append(normalizers.Prepend(_MARK))
    return normalizers.Sequence([*found, normalizers.Replace(" ", _MARK)])


def _precompiled(model: PieceModel) -> Normalizer:
    """SentencePiece's own normalization.

    Where a character that it changes carries a mark of its own (``Ａ̈``, ``ﾊﾟ``), the library may lose the mark or leave
    it apart, for it reads a whole user-perceived character and not the longest rule; so do Hugging Face's tokenizers.
    """
    from tokenizers import normalizers

    try:
        return normalizers.Precompiled(model.charsmap)
    except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception for whatever it cannot parse
        raise UsageError(f"The normalization of {model.path} is broken: {error}.") from None


def _is_split(model: PieceModel) -> bool:
    """Whether a text may be split at its spaces first: each token's offsets then leave the space out."""
    return model.add_dummy_prefix and model.remove_extra_whitespaces and not model.spans_words


def _splitter(*, by_punctuation: bool) -> PreTokenizer:
    """Words, which begin with the mark of the space before them; ``by_punctuation`` each sign is one."""
    from tokenizers import pre_tokenizers

    signs = [pre_tokenizers.Punctuation(behavior="isolated")] if by_punctuation else []
    words = pre_tokenizers.Split(" ", behavior="removed")
    return pre_tokenizers.Sequence([words, *signs, pre_tokenizers.Metaspace(_MARK, prepend_scheme="always")])


def _decoder(model: PieceModel) -> Any:
    from tokenizers import decoders

    if not model.byte_fallback:
        return decoders.Metaspace(_MARK, prepend_scheme="always" if model.add_dummy_prefix else "never")
    steps = [decoders.Replace(_MARK, " "), decoders.ByteFallback(), decoders.Fuse()]
    return decoders.Sequence([*steps, *([decoders.Strip(" ", 1, 0)] if model.add_dummy_prefix else [])])


def _add_pieces(tokenizer: Tokenizer, model: PieceModel) -> None:
    """Control pieces as special tokens; and user-defined ones that would not be found in a text once it is normalized.

    What follows such a one begins a new word, which SentencePiece does not do.
    """
    from tokenizers import AddedToken

    normalizer = tokenizer.normalizer
    control = [piece.text for piece in model.pieces if piece.kind == pieces.CONTROL]
    defined = [piece.text for piece in model.pieces if piece.kind == pieces.USER_DEFINED]
    hidden = [text for text in defined if normalizer.normalize_str(text).removeprefix(_MARK) != text]
    hidden += [text for text in defined if model.kind == "BPE" and len(text) > 1 and text not in hidden]
    control = [text for text in control if tokenizer.token_to_id(text) is not None]
    tokenizer.add_tokens([AddedToken(text, special=True, normalized=False) for text in control])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in hidden])
