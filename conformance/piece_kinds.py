"""Tokenizers of the set: SentencePiece's Unigram as edgelm reads it, and as Hugging Face's converters write it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from conformance import vocabularies
from conformance.tokenizer_parts import Maker, of_folder, specialised, template
from conformance.vocabularies import ANGLES

PIECE_FAMILIES: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "albert": (
        "spiece.model",
        "AlbertTokenizer",
        {
            **{"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "control_symbols": "[CLS],[SEP],[MASK]"},
            "user_defined_symbols": '(,),",-,.,–,£,€',
        },
    ),
    "xlm-roberta": ("sentencepiece.bpe.model", "XLMRobertaTokenizer", {}),
    "camembert": ("sentencepiece.bpe.model", "CamembertTokenizer", {}),
    "deberta-v2": (
        "spm.model",
        "DebertaV2Tokenizer",
        {
            **{"pad_id": 0, "pad_piece": "[PAD]", "bos_id": 1, "bos_piece": "[CLS]"},
            **{"eos_id": 2, "eos_piece": "[SEP]", "unk_id": 3, "unk_piece": "[UNK]"},
        },
    ),
}
"""What each family calls its SentencePiece model, its class, and the trainer's options for its first pieces."""


def pieces(family: str, folder: Path, said: Mapping[str, Any] | None = None, **options: Any) -> Tokenizer:
    """A SentencePiece model alone, as edgelm reads it."""
    file, kind, own = PIECE_FAMILIES[family]
    vocabularies.write_pieces(folder / file, **{**own, **options})
    return of_folder(folder, {"tokenizer_config.json": {"tokenizer_class": kind, **(said or {})}})


def _unigram_parts(folder: Path, **options: Any) -> tuple[models.Unigram, normalizers.Normalizer]:
    """A Unigram model in XLM-R's order, and its charsmap, to put together otherwise than edgelm does."""
    state = json.loads(pieces("xlm-roberta", folder, **options).to_str())
    steps = state["normalizer"]["normalizers"]
    charsmap = next(step["precompiled_charsmap"] for step in steps if step["type"] == "Precompiled")
    vocabulary = [(text, score) for text, score in state["model"]["vocab"]]
    model = models.Unigram(vocabulary, state["model"]["unk_id"], state["model"]["byte_fallback"])
    return model, normalizers.Precompiled(base64.b64decode(charsmap))


def _converted_xlm_roberta(folder: Path) -> Tokenizer:
    """As Hugging Face's converters and transformers 5 write it: WhitespaceSplit and Metaspace after the charsmap."""
    model, charsmap = _unigram_parts(folder)
    tokenizer = specialised(Tokenizer(model), ANGLES, mask_takes_space=True)
    tokenizer.normalizer = charsmap
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ("<s>", "</s>"))
    return tokenizer


def converted_spm(folder: Path) -> Tokenizer:
    """As older converters write a T5-like model: charsmap, Strip, runs of spaces, Metaspace alone."""
    model, charsmap = _unigram_parts(folder)
    tokenizer = specialised(Tokenizer(model), ANGLES)
    tokenizer.normalizer = normalizers.Sequence(
        [charsmap, normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(r" {2,}"), "▁")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = template(tokenizer, "$A </s>", "$A </s> $B </s>", ("</s>",))
    return tokenizer


def _converted_albert(folder: Path) -> Tokenizer:
    model, charsmap = _unigram_parts(folder)
    tokenizer = specialised(Tokenizer(model), ANGLES, mask_takes_space=True)
    quotes = [normalizers.Replace(quote, '"') for quote in ("``", "''")]
    plain = [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    spaces = normalizers.Replace(Regex(r" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([*quotes, *plain, charsmap, spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = template(tokenizer, "<s> $A </s>", "<s> $A </s> $B:1 </s>:1", ("<s>", "</s>"))
    return tokenizer


def _converted_deberta(folder: Path) -> Tokenizer:
    """transformers 5's own build of DeBERTa-v2: no charsmap, its pattern, punctuation apart."""
    model, _ = _unigram_parts(folder, byte_fallback=True)
    tokenizer = specialised(Tokenizer(model), ANGLES)
    blanks = normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " ")
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), blanks, normalizers.NFC(), normalizers.Strip(left=False, right=True)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation(behavior="isolated"), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = template(tokenizer, "<s> $A </s>", "<s> $A </s> $B:1 </s>:1", ("<s>", "</s>"))
    return tokenizer


def _nmt_unigram(folder: Path) -> Tokenizer:
    """As tokenizers' own SentencePieceUnigramTokenizer: Nmt, NFKC, runs of spaces."""
    model, _ = _unigram_parts(folder)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(r" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return tokenizer


def _own_charsmap(folder: Path) -> Tokenizer:
    """A charsmap with rules of several characters, deletions and expansions, over a WordLevel of characters."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = {
        "a": "x",
        "ab": "y",
        "e\u0301": "é",
        "é": "e",
        "北": "bei jing",
        "京": "",
        "\u3000": " ",
        "👍🏽": "ok",
        "🇩🇪": "de",
        "İ": "i",
        "ß": "ss",
        "\u0308": "",
        "Z": "zzzzzzzzzz",
        "각": "\u1100\u1161\u11a8",
        "\n": " ",
    }
    lines = (
        "\t".join(" ".join(f"{ord(character):X}" for character in side) for side in rule) for rule in rules.items()
    )
    path = folder / "rules.tsv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), *((c, -float(i)) for i, c in enumerate("abexyzkdi s"))], 0))
    tokenizer.normalizer = normalizers.Precompiled(vocabularies.charsmap(path))
    return tokenizer


def unigrams() -> Mapping[str, Maker]:
    return {
        "xlm-roberta": partial(pieces, "xlm-roberta"),
        "xlm-roberta-converted": _converted_xlm_roberta,
        "camembert": partial(pieces, "camembert"),
        "albert": partial(pieces, "albert"),
        "albert-keeps-accents": partial(pieces, "albert", said={"keep_accents": True, "do_lower_case": False}),
        "albert-converted": _converted_albert,
        "deberta-v2": partial(pieces, "deberta-v2", normalization_rule_name="nmt_nfkc_cf"),
        "deberta-v2-splits-signs": partial(pieces, "deberta-v2", said={"split_by_punct": True}),
        "deberta-v2-converted": _converted_deberta,
        "unigram-bytes": partial(pieces, "xlm-roberta", byte_fallback=True, character_coverage=0.98),
        "unigram-spans-words": partial(pieces, "xlm-roberta", split_by_whitespace=False),
        "unigram-keeps-spaces": partial(
            pieces, "xlm-roberta", remove_extra_whitespaces=False, normalization_rule_name="identity"
        ),
        "unigram-no-prefix": partial(pieces, "xlm-roberta", add_dummy_prefix=False),
        "unigram-strip": converted_spm,
        "unigram-nmt": _nmt_unigram,
        "charsmap": _own_charsmap,
    }
