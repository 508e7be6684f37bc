"""BERT's WordPiece from a bare ``vocab.txt``, with the casing and accent rules that its folder states or implies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelm.errors import UsageError
from edgelm.tokenizer import classes
from edgelm.tokenizer.settings import add_tokens, frame, frame_with_offsets, settings, special_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCABULARY = "vocab.txt"
_RULES = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}
"""tokenizer_config.json's name of a rule -> the BertNormalizer's."""
_GOOGLES_CASED = re.compile(r"(?:^|_)cased_L-\d+_H-\d+")
"""The folders of google-research/bert whose models were trained with capitals."""


def wordpiece(folder: Path) -> tuple[Tokenizer, dict[str, str]]:
    """WordPiece from vocab.txt (Devlin et al. 2019) as BERT, ERNIE, ELECTRA, DistilBERT, MPNet and NEZHA read it.

    tokenizer_config.json states ``do_lower_case``, ``strip_accents`` and ``tokenize_chinese_chars``, Hugging Face's and
    PaddleNLP's alike. Where it does not, the text is lower-cased, loses its accents, and Chinese characters stand
    alone: the default of google-research/bert, Hugging Face's and PaddleNLP's tokenizers for all of these families.
    Only a folder that keeps the name google gave its cased models (``cased_L-12_H-768_A-12``) is cased by itself.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    classes.refuse_unknown(folder, classes.WORDPIECE, f"the {VOCABULARY}")
    vocabulary = _vocabulary(folder / VOCABULARY)
    special = special_tokens(folder, vocabulary)
    if special["unk"] not in vocabulary:
        raise UsageError(f"{folder / VOCABULARY} lacks the special token {special['unk']}.")
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=special["unk"], max_input_chars_per_word=100))
    is_lowered = not _GOOGLES_CASED.search(folder.resolve().name)
    rules = bert_rules(settings(folder, "tokenizer_config.json"))
    tokenizer.normalizer = normalizers.BertNormalizer(**{"lowercase": is_lowered, **rules})
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    is_roberta = special["cls"] == "<s>"
    add_tokens(tokenizer, folder, special, mask_takes_space=is_roberta)
    (frame_with_offsets if is_roberta else frame)(tokenizer, folder, special)
    return tokenizer, special


def bert_rules(said: Mapping[str, Any]) -> dict[str, bool]:
    """The BertNormalizer's rules that tokenizer_config.json states; what it leaves open stays as it is."""
    return {rule: said[key] for key, rule in _RULES.items() if isinstance(said.get(key), bool)}


def assumed_casing(folder: Path) -> str:
    """Why a bare vocab.txt is read as cased or not where nothing states it; empty where something does.

    Says too when the vocabulary has words that lower-casing never gives: then the default is likely to be wrong.
    """
    is_bare = (folder / VOCABULARY).is_file() and not (folder / "tokenizer.json").is_file()
    if not is_bare or "lowercase" in bert_rules(settings(folder, "tokenizer_config.json")):
        return ""
    if _GOOGLES_CASED.search(folder.resolve().name):
        return "by the name google gave its folder"
    vocabulary = _vocabulary(folder / VOCABULARY)
    special = set(special_tokens(folder, vocabulary).values())
    capitals = sum(token != token.lower() for token in vocabulary if token not in special and token[:1] not in "[<")
    doubt = f", though {capitals} of its tokens have capitals" if capitals else ""
    return f"by default{doubt}: no tokenizer_config.json states do_lower_case"


def _vocabulary(path: Path) -> dict[str, int]:
    """Ids by token: the number of its line, or what stands behind a tab where every line of Baidu's form has one.

    Only "\\n" ends a line: a vocabulary may hold U+2028, at which str.splitlines would break and shift all later ids.
    """
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}.") from None
    pairs = [line.rpartition("\t") for line in lines]
    if all(token and number.isdecimal() for token, _, number in pairs):
        return {token: int(number) for token, _, number in pairs}
    return {token: i for i, token in enumerate(lines)}
