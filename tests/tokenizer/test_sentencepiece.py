"""A bare SentencePiece model gives the ids of SentencePiece's own processor, in the frame and after the rules of each
family as its authors' code and Hugging Face's tokenizers have them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import regex
import sentencepiece
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from edgelm.tokenizer import Text, TextTokenizer

from .. import pieces

KINDS: dict[str, dict[str, Any]] = {
    "unigram": {},
    "unigram, case folded": {"normalization_rule_name": "nmt_nfkc_cf"},
    "unigram, nfkc": {"normalization_rule_name": "nfkc"},
    "unigram, as it is": {"normalization_rule_name": "identity"},
    "unigram, bytes": {"byte_fallback": True, "vocab_size": 600},
    "unigram, several words in a piece": {"split_by_whitespace": False},
    "unigram, every space kept": {"remove_extra_whitespaces": False},
    "unigram, no space in front": {"add_dummy_prefix": False},
    "unigram, user-defined pieces": {"user_defined_symbols": ["(", ".", "movie", "ol", "北京"]},
    "bpe": {"model_type": "bpe"},
    "bpe, case folded": {"model_type": "bpe", "normalization_rule_name": "nmt_nfkc_cf"},
    "bpe, bytes": {"model_type": "bpe", "byte_fallback": True, "vocab_size": 600},
    "bpe, several words in a piece": {"model_type": "bpe", "split_by_whitespace": False},
    "bpe, user-defined signs": {"model_type": "bpe", "user_defined_symbols": ["(", ".", "£"]},
}
TEXTS = (
    "the movie was good",
    "  Paris,  in\tthe \u3000 spring\n",
    "unbelievable！（ＡＢＣ）①…ﬁ½№",
    "我爱北京，天气很好。東京タワー",
    "Zoë's café cafe\u0301 naïve 3.14 U.S.A. 2,000 £5-10",
    "🦙 日本語 한국어 \u200b\u00ad x",
    "<0x41> \u2028 a\x00b",
    "movieolol(北京北京)(.)",
    "Привет, мир! γειά σου مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก thế giới",
)
CHARACTERS = st.characters(exclude_categories=["Cs"])
LIKELY = st.sampled_from("aeiotZ é你北京。， .('ＡÅ①…½\u0301\u0308\u2028\n\t\u3000カﾊﾟ🦙<>▁0x41")
UNICODE = st.text(CHARACTERS | LIKELY, min_size=1, max_size=30).filter(str.strip)
QUIET = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


def plain_ids(tokenizer: TextTokenizer, text: str) -> list[int]:
    return list(tokenizer.tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_alone_is_sentencepiece(make_pieces: Callable[..., Path], kind: str) -> None:
    folder = make_pieces("xlm-roberta", **KINDS[kind])
    ours = TextTokenizer.from_folder(folder)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    for text in (*TEXTS, *pieces.sentences(100)):
        assert pieces.is_same(plain_ids(ours, text), theirs, text), (text, theirs.encode(text, out_type=str))
    assert ours.facts.kind == ("BPE" if kind.startswith("bpe") else "Unigram")
    assert ours.facts.lowercase is (True if "folded" in kind else None)


@pytest.mark.parametrize("kind", KINDS)
def test_any_unicode_is_sentencepiece(make_pieces: Callable[..., Path], kind: str) -> None:
    """Where a character with marks of its own is normalized, the library's Precompiled step may leave a mark out.

    It reads the user-perceived character, not the longest rule: Hugging Face's tokenizers of these models all do.
    """
    folder = make_pieces("xlm-roberta", **KINDS[kind])
    ours = TextTokenizer.from_folder(folder)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    special = set(ours.special_tokens.values())

    @QUIET
    @given(UNICODE)
    @example("a. b.(c")
    def compare(text: str) -> None:
        assume(not any(token in text for token in special) and ("as it is" not in kind or "▁" not in text))
        assume(all(len(character) == 1 for character in regex.findall(r"\X", text)))
        assume(theirs.normalize(text).strip("▁"))
        assert pieces.is_same(plain_ids(ours, text), theirs, text), theirs.encode(text, out_type=str)

    compare()


# -- the families ------------------------------------------------------------------------------------------------------


def encoded(tokenizer: TextTokenizer, text: Text) -> tuple[list[int], list[tuple[int, int]]]:
    encoding = tokenizer.encode(text)
    return encoding.ids, list(encoding.offsets)


def expected(tokenizer: Any, text: Text) -> tuple[list[int], list[tuple[int, int]]]:
    found = tokenizer(*((text,) if isinstance(text, str) else text), return_offsets_mapping=True)
    return found["input_ids"], [tuple(pair) for pair in found["offset_mapping"]]


@pytest.mark.parametrize(
    ("family", "name"),
    [("albert", "AlbertTokenizer"), ("xlm-roberta", "XLMRobertaTokenizer"), ("camembert", "CamembertTokenizer")],
)
def test_a_family_is_transformers(make_pieces: Callable[..., Path], family: str, name: str) -> None:
    import transformers

    folder = make_pieces(family)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    ours, theirs = TextTokenizer.from_folder(folder), getattr(transformers, name).from_pretrained(folder)
    whole = sorted(theirs.get_vocab().items(), key=lambda item: item[1])
    assert sorted(ours.tokenizer.get_vocab().items(), key=lambda item: item[1])[: len(whole)] == whole
    for text in (*TEXTS, *pieces.sentences(50), (TEXTS[0], TEXTS[3])):
        assert encoded(ours, text) == expected(theirs, text), text
    masked = f"good {theirs.mask_token} film"
    assert ours.encode(masked).ids == theirs(masked)["input_ids"]

    @QUIET
    @given(UNICODE, UNICODE)
    def compare(text: str, pair: str) -> None:
        assume("\x85" not in text + pair)  # for transformers a space, for SentencePiece an unknown character
        assert encoded(ours, text) == expected(theirs, text)
        assert encoded(ours, (text, pair)) == expected(theirs, (text, pair))

    compare()


def test_deberta_is_hugging_faces_converted_tokenizer(make_pieces: Callable[..., Path]) -> None:
    """That of transformers 4: the class of transformers 5 drops the model's normalization."""
    folder = make_pieces("deberta-v2")
    ours = TextTokenizer.from_folder(folder)
    original = SimpleNamespace(
        vocab_file=str(folder / "spm.model"),
        do_lower_case=False,
        split_by_punct=False,
        add_prefix_space=True,
        convert_tokens_to_ids=ours.tokenizer.token_to_id,
    )
    theirs = import_module("transformers.convert_slow_tokenizer").DebertaV2Converter(original).converted()
    for text in (*TEXTS, *pieces.sentences(100)):
        assert ours.encode(text).ids == theirs.encode(text).ids, text
    pair = ours.encode(("good", "bad")), theirs.encode("good", "bad")
    assert (pair[0].ids, pair[0].type_ids) == (pair[1].ids, pair[1].type_ids)


@pytest.mark.parametrize(
    "said", [{}, {"keep_accents": True}, {"do_lower_case": False}, {"keep_accents": True, "do_lower_case": False}]
)
def test_albert_is_googles(make_pieces: Callable[..., Path], said: dict[str, bool]) -> None:
    """With its user-defined pieces, after which no new word begins, and its rule for a comma after a digit."""
    folder = make_pieces("albert", user_defined_symbols=[*pieces.ALBERT_SYMBOLS])
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    ours = TextTokenizer.from_folder(folder)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    pieces_with_comma = [theirs.id_to_piece(i) for i in range(len(theirs)) if theirs.id_to_piece(i).endswith("0,")]
    assert pieces_with_comma, "the rule for commas has nothing to do"
    options = {"keep_accents": said.get("keep_accents", False), "lower": said.get("do_lower_case", True)}
    texts = ("In 1990, (U.S.) 2,000 films.", "Zoë's ``café'' - great", "U.S.A.", *TEXTS[:5], *pieces.sentences(100))
    for text in texts:
        assert plain_ids(ours, text) == pieces.google_albert(theirs, text, **options), text
    assert ours.facts.lowercase is (True if options["lower"] else None)
    assert ours.facts.strip_accents is (None if options["keep_accents"] else True)


def test_deberta_splits_at_punctuation_where_asked(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("deberta-v2")
    (folder / "tokenizer_config.json").write_text('{"split_by_punct": true, "do_lower_case": true}')
    ours = TextTokenizer.from_folder(folder)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model"))
    words = [*theirs.encode("good"), *theirs.encode(","), *theirs.encode("bad"), *theirs.encode("film")]
    assert plain_ids(ours, "GOOD,bad film") == plain_ids(ours, "Good , Bad film") == words


@pytest.mark.parametrize("family", pieces.LAYOUTS)
def test_special_tokens_are_where_the_family_has_them(make_pieces: Callable[..., Path], family: str) -> None:
    folder = make_pieces(family)
    (folder / "config.json").write_text(json.dumps({"model_type": family}))
    ours = TextTokenizer.from_folder(folder)
    count = len(sentencepiece.SentencePieceProcessor(model_file=str(folder / pieces.LAYOUTS[family][0])))
    wanted = {
        "albert": {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4},
        "xlm-roberta": {"pad": 1, "unk": 3, "cls": 0, "sep": 2, "mask": count + 1},
        "camembert": {"pad": 1, "unk": 3, "cls": 5, "sep": 6, "mask": count + 4},
        "deberta-v2": {"pad": 0, "unk": 3, "cls": 1, "sep": 2, "mask": count},
    }[family]
    assert ours.special_ids == wanted
    cls, sep = (ours.special_tokens[role] for role in ("cls", "sep"))
    is_doubled = family in ("xlm-roberta", "camembert")
    pair = ours.encode(("good", "bad"))
    assert [token for token in pair.tokens if token in (cls, sep)] == [cls, *[sep] * (3 if is_doubled else 2)]
    assert set(pair.type_ids) == ({0} if is_doubled else {0, 1})
    mask = ours.special_tokens["mask"]
    assert ours.encode(f"good {mask} bad").ids.count(wanted["mask"]) == 1
    assert ours.tokenizer.decode(ours.encode("the movie was good").ids) == "the movie was good"


def test_a_mask_that_a_file_lists_as_added_is_still_special(make_pieces: Callable[..., Path]) -> None:
    """As microsoft/deberta-v3 lists its own."""
    folder = make_pieces("deberta-v2")
    place = TextTokenizer.from_folder(folder).special_ids["mask"]
    (folder / "added_tokens.json").write_text(json.dumps({"[MASK]": place}))
    ours = TextTokenizer.from_folder(folder)
    encoding = ours.encode("good [MASK] film")
    assert encoding.ids.count(place) == 1
    assert ours.tokenizer.decode(encoding.ids) == "good film"


def test_a_piece_of_bytes_is_not_what_a_text_says(make_pieces: Callable[..., Path]) -> None:
    """``<0x41>`` in a text is seven characters, and not the letter A."""
    ours = TextTokenizer.from_folder(make_pieces("xlm-roberta", **KINDS["unigram, bytes"]))
    assert "<0x41>" not in ours.encode("x <0x41> x").tokens
    assert ours.tokenizer.decode(ours.encode("good ᚠ x").ids) == "good ᚠ x"
    assert ours.special_ids["unk"] not in ours.encode("ᚠ").ids


def test_a_user_defined_piece_that_is_normalized_is_still_found(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("albert", user_defined_symbols=["<Title>"])
    assert "<Title>" in TextTokenizer.from_folder(folder).encode("good <Title> film").tokens


@pytest.mark.parametrize(
    ("lines", "cut"), [(["la b"] * 300 + ["l a"], ["▁l", "ab"]), (["la b la"] * 2000 + ["zl"], ["▁la", "b"])]
)
def test_a_user_defined_piece_has_sentencepieces_own_score(
    make_pieces: Callable[..., Path], lines: list[str], cut: list[str]
) -> None:
    """``ab`` is found in ``lab`` where ``l`` alone is not rare, and is not where it is."""
    folder = make_pieces("xlm-roberta", lines, user_defined_symbols=["ab"])
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    assert theirs.encode("lab", out_type=str) == cut
    assert TextTokenizer.from_folder(folder).encode("lab").tokens[1:-1] == cut


def test_a_user_defined_word_is_found_in_a_bpe(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("albert", model_type="bpe", user_defined_symbols=["<t>"])
    assert "<t>" in TextTokenizer.from_folder(folder).encode("good <t> film").tokens


def test_the_unknown_token_is_the_models_own(make_pieces: Callable[..., Path]) -> None:
    ours = TextTokenizer.from_folder(make_pieces("deberta-v2", unk_piece="<nothing>"))
    assert ours.special_tokens["unk"] == "<nothing>"
    assert ours.special_ids["unk"] == 3
    assert 3 in ours.encode("ᚠ").ids
