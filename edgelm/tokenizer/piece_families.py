"""What each family adds to its SentencePiece model: ids, special tokens, and what it does to a text first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelm.errors import UnsupportedError, UsageError
from edgelm.tokenizer import pieces
from edgelm.tokenizer.classes import GENERIC, tokenizer_class
from edgelm.tokenizer.pieces import PieceModel
from edgelm.tokenizer.settings import settings

if TYPE_CHECKING:
    from tokenizers.normalizers import Normalizer

Entry = tuple[str, float]
"""A token and its score."""
_NEVER = 100.0
"""How far below all others a piece lies that a text never becomes, however it is spelled (Hugging Face's figure)."""
_BERT = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
_ROBERTA = {"pad": "<pad>", "unk": "<unk>", "cls": "<s>", "sep": "</s>", "mask": "<mask>"}


@dataclass(frozen=True)
class Family:
    """What a family adds to SentencePiece's own answer."""

    name: str
    classes: tuple[str, ...]
    """The tokenizer classes that are read so."""
    model_types: tuple[str, ...]
    """Those of config.json, where no file names a class."""
    files: tuple[str, ...]
    """What it calls its SentencePiece model, where neither is known."""
    special: Mapping[str, str]
    vocabulary: Callable[[PieceModel], list[Entry]]
    steps: Callable[[Mapping[str, Any]], Iterator[Normalizer]]
    """What it does to a text before SentencePiece's own normalization, by tokenizer_config.json."""
    is_doubled: bool
    """Whether a pair is RoBERTa's, with two separators and one token type."""
    mask_takes_space: bool


def family_of(folder: Path, file: str) -> Family:
    """The family by the tokenizer's class, else by the model's type, else by the file's name."""
    named = _named(folder)
    if named:
        return named
    name = tokenizer_class(folder)
    if name and name not in GENERIC:
        raise UnsupportedError(
            f"{folder / file} belongs to a {name}; of SentencePiece models alone those of "
            f"{', '.join(family.name for family in _FAMILIES)} are read.",
            hint="Save the fast tokenizer beside it: AutoTokenizer.from_pretrained(...).save_pretrained(...).",
        )
    return next(family for family in _FAMILIES if file in family.files)


def names_family(folder: Path) -> bool:
    """Whether a folder's files say that its tokenizer is a SentencePiece model's."""
    return _named(folder) is not None


def _named(folder: Path) -> Family | None:
    name, model_type = tokenizer_class(folder), settings(folder, "config.json").get("model_type")
    if name and name not in GENERIC:
        return next((family for family in _FAMILIES if name in family.classes), None)
    return next((family for family in _FAMILIES if model_type in family.model_types), None)


# -- vocabularies ------------------------------------------------------------------------------------------------------


def _scores(model: PieceModel) -> list[Entry]:
    """The pieces by their ids, with scores by which a text becomes what SentencePiece makes of it.

    There bytes and unused pieces come from no text, however it is spelled; here all stand in one vocabulary. Special
    tokens are found before any piece is.
    """
    never = min((piece.score for piece in model.pieces if piece.kind == pieces.NORMAL), default=0.0) - _NEVER
    hidden = (pieces.BYTE, pieces.UNUSED)
    return [(piece.text, never if piece.kind in hidden else piece.score) for piece in model.pieces]


def _albert_pieces(model: PieceModel) -> list[Entry]:
    """A digit with its comma falls apart again, as ALBERT's own code has it; Hugging Face's way to that by scores."""
    return [
        (text, score - _NEVER if text[-1:] == "," and text[-2:-1].isdigit() else score)
        for text, score in _scores(model)
    ]


def _deberta_pieces(model: PieceModel) -> list[Entry]:
    """The mask token stands behind the pieces where it is none of them."""
    own = _scores(model)
    return own if any(text == _BERT["mask"] for text, _ in own) else [*own, (_BERT["mask"], 0.0)]


def _xlm_roberta_pieces(model: PieceModel) -> list[Entry]:
    """fairseq's ids: its own four special tokens instead of SentencePiece's three, and the mask token at the end."""
    first = [piece.text for piece in model.pieces[:3]]
    if first != ["<unk>", "<s>", "</s>"]:
        raise UsageError(
            f"{model.path} is not of XLM-R: it begins with {', '.join(first)} and not with <unk>, <s>, </s>."
        )
    own = ["<s>", "<pad>", "</s>", "<unk>"]
    return [*((token, 0.0) for token in own), *_scores(model)[3:], ("<mask>", 0.0)]


def _camembert_pieces(model: PieceModel) -> list[Entry]:
    """fairseq's ids once more, in front of SentencePiece's own ``<s>`` and ``</s>``."""
    if model.pieces[0].text != "<unk>":
        raise UsageError(f"{model.path} is not of CamemBERT: it begins with {model.pieces[0].text} and not with <unk>.")
    own = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"]
    return [*((token, 0.0) for token in own), *_scores(model)[1:], ("<mask>", 0.0)]


# -- what a family does to a text first --------------------------------------------------------------------------------


def _nothing(_: Mapping[str, Any]) -> Iterator[Normalizer]:
    return iter(())


def _albert_steps(said: Mapping[str, Any]) -> Iterator[Normalizer]:
    """ALBERT's: plain quotes, no accents unless ``keep_accents``, lower case unless ``do_lower_case`` is false."""
    from tokenizers import normalizers

    yield from (normalizers.Replace(quote, '"') for quote in ("``", "''"))
    if not said.get("keep_accents", False):
        yield from (normalizers.NFKD(), normalizers.StripAccents())
    if said.get("do_lower_case", True):
        yield normalizers.Lowercase()


def _deberta_steps(said: Mapping[str, Any]) -> Iterator[Normalizer]:
    """DeBERTa's: lower case only if ``do_lower_case``."""
    from tokenizers import normalizers

    if said.get("do_lower_case", False):
        yield normalizers.Lowercase()


_FAMILIES: tuple[Family, ...] = (
    Family(
        name="ALBERT",
        classes=("AlbertTokenizer",),
        model_types=("albert",),
        files=("spiece.model", "30k-clean.model"),
        special={**_BERT, "pad": "<pad>", "unk": "<unk>"},
        vocabulary=_albert_pieces,
        steps=_albert_steps,
        is_doubled=False,
        mask_takes_space=True,
    ),
    Family(
        name="XLM-R",
        classes=("XLMRobertaTokenizer",),
        model_types=("xlm-roberta",),
        files=("sentencepiece.bpe.model",),
        special=_ROBERTA,
        vocabulary=_xlm_roberta_pieces,
        steps=_nothing,
        is_doubled=True,
        mask_takes_space=True,
    ),
    Family(
        name="CamemBERT",
        classes=("CamembertTokenizer",),
        model_types=("camembert",),
        files=(),
        special=_ROBERTA,
        vocabulary=_camembert_pieces,
        steps=_nothing,
        is_doubled=True,
        mask_takes_space=True,
    ),
    Family(
        name="DeBERTa-v2",
        classes=("DebertaV2Tokenizer",),
        model_types=("deberta-v2",),
        files=("spm.model",),
        special=_BERT,
        vocabulary=_deberta_pieces,
        steps=_deberta_steps,
        is_doubled=False,
        mask_takes_space=False,
    ),
)
FILES = tuple(file for family in _FAMILIES for file in family.files)
"""What a folder's SentencePiece model may be called."""
