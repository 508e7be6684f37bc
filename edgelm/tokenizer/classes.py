"""Which class made a folder's tokenizer, and whether its files say all that the class does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgelm.errors import UnsupportedError
from edgelm.tokenizer.settings import settings

GENERIC = ("PreTrainedTokenizer", "TokenizersBackend")
"""Hugging Face's classes that take tokenizer.json as it is."""
WORDPIECE = (
    "BertTokenizer",
    "AlbertTokenizer",
    "AlbertChineseTokenizer",
    "ConvBertTokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "ErnieTokenizer",
    "MPNetTokenizer",
    "MobileBertTokenizer",
    "NeZhaTokenizer",
    "NezhaTokenizer",
    "PPMiniLMTokenizer",
    "RobertaTokenizer",
    "RobertaChineseTokenizer",
    "TinyBertTokenizer",
)
"""Hugging Face's and PaddleNLP's classes that are BERT's where there is a ``vocab.txt``."""
BYTE_LEVEL = (
    "RobertaTokenizer",
    "RobertaBPETokenizer",
    "BartTokenizer",
    "DebertaTokenizer",
    "LongformerTokenizer",
)
"""Those whose ``vocab.json`` and ``merges.txt`` are a BPE of bytes in RoBERTa's or BERT's frame."""
_JIEBA = "it cuts a text into words with jieba first, and no tokenizer.json can hold that"
_MORE_THAN_FILES: Mapping[str, str] = {
    "RoFormerTokenizer": _JIEBA,
    "RoFormerv2Tokenizer": _JIEBA,
    "BertJapaneseTokenizer": "it cuts a text into words with MeCab first, and no tokenizer.json can hold that",
}
"""Classes that do more than any file says; transformers saves RoFormer's as BERT's, which gives other ids."""
_CHARACTERS = (
    "Only if the model was trained on BERT's own tokens, as RoFormer's char models were: write "
    '"tokenizer_class": "BertTokenizer" into tokenizer_config.json, and keep vocab.txt without tokenizer.json.'
)


def tokenizer_class(folder: Path) -> str:
    """The class that made the tokenizer, without Hugging Face's ``Fast``; empty where no file names one.

    Where only the model is known to be a RoFormer it is that model's own.
    """
    for name in ("tokenizer_config.json", "config.json"):
        found = settings(folder, name).get("tokenizer_class")
        if isinstance(found, str) and found:
            return found.removesuffix("Fast")
    return "RoFormerTokenizer" if settings(folder, "config.json").get("model_type") == "roformer" else ""


def refuse_more_than_files(folder: Path) -> None:
    """UnsupportedError where a tokenizer does what neither vocab.txt nor tokenizer.json holds."""
    name = tokenizer_class(folder)
    if name in _MORE_THAN_FILES:
        raise UnsupportedError(
            f"The {name} of {folder} cannot be shipped: {_MORE_THAN_FILES[name]}; the nearest is BertTokenizer.",
            hint=_CHARACTERS,
        )


def refuse_unknown(folder: Path, known: tuple[str, ...], files: str) -> None:
    """UnsupportedError where the class is none of those whose rules are known for bare ``files``."""
    name = tokenizer_class(folder)
    if name and name not in (*GENERIC, *known):
        raise UnsupportedError(
            f"{folder} holds {files} of {name}, whose rules edgelm does not know; it knows {', '.join(known)}.",
            hint="Save the fast tokenizer beside it: AutoTokenizer.from_pretrained(...).save_pretrained(...).",
        )
