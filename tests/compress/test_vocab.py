"""A pruned vocabulary: the same tokens with new numbers on its corpus, the same answers, an ordinary folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from edgelm.compress._bpe import Merges
from edgelm.compress.vocab import coverage, prune_folder, prune_vocabulary, select_rows
from edgelm.errors import UsageError
from edgelm.graph.interpreter import Interpreter
from edgelm.tokenizer import Text, TextTokenizer

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SENTENCES = """
the movie was good and not bad at all . a boring film is never great , she said !
he loves paris in the spring , they work in london ; unbelievable workings of the reworked loving lovers
the weather in beijing is lovely today ? nothing worked as expected when we were going home again
我 爱 北京 天气 很 好 我们 喜欢 看 电影 中国 的 电影 是 好看 的 上海 也 很 好
""".strip().split("\n")
WORDS = sorted({word for line in SENTENCES for word in line.split()})
STRANGE = ["zebra", "ünlike", "qqq", "🦙", "Ω", "x\u0301y", "[MASK]", "<mask>", "东", "12", "a.b", " "]
CORPORA = st.lists(
    st.lists(st.sampled_from(WORDS + STRANGE) | st.text("abcdelov你好北.🦙é ", min_size=1, max_size=8), max_size=8).map(
        " ".join
    ),
    min_size=1,
    max_size=6,
).filter(lambda texts: any(text.strip() for text in texts))
QUIET = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def frame(tokenizer: Tokenizer, special: list[str], cls: str, sep: str) -> Tokenizer:
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
    )
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens(["zebra"])
    return tokenizer


def trained(tokenizer: Tokenizer, trainer: Any, special: list[str] = BERT) -> Tokenizer:
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    return frame(
        tokenizer, special, special[2] if special is BERT else "<s>", special[3] if special is BERT else "</s>"
    )


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=ROBERTA, initial_alphabet=alphabet, show_progress=False
    )
    return trained(tokenizer, trainer, ROBERTA)


def marked_bpe(**marks: str) -> Tokenizer:
    """BPE over characters, the pieces of a word marked where they continue or where they end it."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", **marks))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return trained(tokenizer, trainers.BpeTrainer(vocab_size=260, special_tokens=BERT, show_progress=False, **marks))


def unigram(*, byte_fallback: bool = False) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=140, special_tokens=ROBERTA, unk_token="<unk>", show_progress=False, max_piece_length=8
    )
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    if byte_fallback:
        state = json.loads(tokenizer.to_str())
        state["model"]["vocab"] += [[f"<0x{byte:02X}>", -12.0] for byte in range(256)]
        state["model"]["byte_fallback"] = True
        tokenizer = Tokenizer.from_str(json.dumps(state))
    return frame(tokenizer, ROBERTA, "<s>", "</s>")


def word_piece() -> Tokenizer:
    """Words, pieces and letters, and pieces after which some words find no end."""
    letters = "abcdefghijklmnopqrstuvwxyz.,!?;你我北京电影"
    pieces = [*WORDS[::2], "wo", "##rk", "##ing", "love", "lo", "##ve", "##ver", "qq", "##y", "un", "##b", "ab", "##cd"]
    pieces += [*letters, *(f"##{c}" for c in letters if c not in "cq你电z")]
    tokenizer = Tokenizer(
        models.WordPiece({token: i for i, token in enumerate(dict.fromkeys([*BERT, *pieces]))}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return frame(tokenizer, BERT, "[CLS]", "[SEP]")


def word_level() -> Tokenizer:
    vocabulary = {token: i for i, token in enumerate([*WORDS, *BERT])}  # special tokens are renumbered too
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return frame(tokenizer, BERT, "[CLS]", "[SEP]")


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "WordPiece": word_piece,
    "byte-level BPE": byte_level,
    "BPE continued": lambda: marked_bpe(continuing_subword_prefix="##"),
    "BPE ended": lambda: marked_bpe(end_of_word_suffix="</w>"),
    "Unigram": unigram,
    "Unigram of bytes": lambda: unigram(byte_fallback=True),
    "WordLevel": word_level,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``folder(kind)``: a folder with the tokenizer of that kind, as transformers' generic class saves it."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("tokenizer")
            tokenizer = KINDS[kind]()
            tokenizer.save(str(made[kind] / "tokenizer.json"))
            special = BERT if tokenizer.token_to_id("[PAD]") is not None else ROBERTA
            pad, unk = (special[0], special[1]) if special is BERT else (special[1], special[3])
            added = tokenizer.get_added_tokens_decoder()
            decoder = {i: token.__getstate__() for i, token in added.items()}
            config = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": pad, "unk_token": unk}
            config["added_tokens_decoder"] = decoder
            config["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]
            (made[kind] / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
        return made[kind]

    return make


def encoded(tokenizer: TextTokenizer, text: Text) -> tuple[list[int], list[tuple[int, int]], list[int]]:
    encoding = tokenizer.tokenizer.encode(*([text] if isinstance(text, str) else text))
    return encoding.ids, list(encoding.offsets), encoding.type_ids


def assert_same_on(source: Path, pruned: Path, remap: np.ndarray, texts: list[Any]) -> None:
    before, after = TextTokenizer.from_folder(source), TextTokenizer.from_folder(pruned)
    for text in texts:
        ids, offsets, types = encoded(before, text)
        assert encoded(after, text) == (remap[ids].tolist(), offsets, types), text


def written(pruned: Any, place: Path) -> Path:
    place.mkdir(exist_ok=True)
    pruned.write(place)
    return place


# -- the same on the corpus --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@QUIET
@given(corpus=CORPORA, keep_characters=st.booleans())
def test_corpus_is_tokenized_as_before(
    kind: str, folder: Any, tmp_path: Path, corpus: list[str], keep_characters: bool
) -> None:
    source = folder(kind)
    texts: list[Text] = [*corpus, (corpus[0], corpus[-1])]
    pruned = prune_vocabulary(source, texts, keep_characters=keep_characters)
    assert (pruned.coverage.text_share, pruned.coverage.token_share) == (1.0, 1.0)
    assert len(set(pruned.kept.tolist())) == len(pruned.kept) <= pruned.tokens_before
    assert_same_on(source, written(pruned, tmp_path), pruned.remap(), texts)
    ids = TextTokenizer.from_folder(tmp_path).tokenizer.get_vocab(with_added_tokens=True).values()
    assert sorted(ids) == list(range(len(pruned.kept)))


@pytest.mark.parametrize("kind", KINDS)
@QUIET
@given(corpus=CORPORA, min_count=st.integers(1, 4), room=st.integers(0, 30), other=CORPORA)
def test_whatever_is_covered_is_tokenized_as_before(
    kind: str, folder: Any, tmp_path: Path, corpus: list[str], min_count: int, room: int, other: list[str]
) -> None:
    """Also where tokens of the corpus had to go: a text whose tokens are all kept, of the corpus, keeps them."""
    source = folder(kind)
    least = prune_vocabulary(source, corpus, min_count=10**9).always_kept
    pruned = prune_vocabulary(source, corpus, min_count=min_count, size=least + room)
    assert len(pruned.kept) <= least + room
    remap, before = pruned.remap(), TextTokenizer.from_folder(source)
    covered = [text for text in corpus if text.strip() and (remap[encoded(before, text)[0]] >= 0).all()]
    assert pruned.coverage.texts_unchanged == len(covered)
    place = written(pruned, tmp_path)
    assert_same_on(source, place, remap, covered)
    elsewhere = coverage(source, place, pruned.kept, other)
    after = TextTokenizer.from_folder(place)
    texts = [text for text in other if text.strip()]
    same = sum(encoded(after, text)[0] == remap[encoded(before, text)[0]].tolist() for text in texts)
    assert (elsewhere.texts, elsewhere.texts_unchanged) == (len(texts), same)


@pytest.mark.parametrize("kind", KINDS)
def test_hugging_face_loads_and_agrees(kind: str, folder: Any, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    pruned = prune_vocabulary(folder(kind), SENTENCES[:2])
    ours = TextTokenizer.from_folder(written(pruned, tmp_path))
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert len(theirs) == len(pruned.kept)
    for text in (*SENTENCES, "zebra zebra [MASK] <mask>", "🦙 unseen"):
        assert theirs(text)["input_ids"] == encoded(ours, text)[0]
    assert theirs.pad_token_id == ours.special_ids["pad"]


@pytest.mark.parametrize("layout", ["vocab.txt", "merges.txt"])
def test_plain_layouts(layout: str, folder: Any, tmp_path: Path) -> None:
    """Folders without tokenizer.json stay so, and transformers' own classes read them."""
    import transformers

    source, target = tmp_path / "source", tmp_path / "pruned"
    source.mkdir()
    state = json.loads(
        (folder("WordPiece" if layout == "vocab.txt" else "byte-level BPE") / "tokenizer.json").read_text()
    )
    tokens = state["model"]["vocab"]
    added = len(tokens)
    if layout == "vocab.txt":
        (source / layout).write_text("".join(f"{token}\n" for token in tokens), "utf-8")
        theirs: Any = transformers.BertTokenizerFast
    else:
        (source / "vocab.json").write_text(json.dumps(tokens), "utf-8")
        lines = ["#version: 0.2", *(" ".join(merge) for merge in state["model"]["merges"])]
        (source / layout).write_text("\n".join(lines) + "\n", "utf-8")
        theirs = transformers.RobertaTokenizerFast
    (source / "added_tokens.json").write_text(json.dumps({"zebra": added}), "utf-8")
    pruned = prune_vocabulary(source, SENTENCES[:2])
    assert set(pruned.files) == {path.name for path in source.iterdir()}
    assert_same_on(source, written(pruned, target), pruned.remap(), SENTENCES[:2])
    assert json.loads((target / "added_tokens.json").read_text()) == {"zebra": len(pruned.kept) - 1}
    ours, loaded = TextTokenizer.from_folder(target), theirs.from_pretrained(target)
    for text in (*SENTENCES, "unseen zebra words"):
        assert loaded(text)["input_ids"] == encoded(ours, text)[0]


def test_settings_keep_their_ids(folder: Any, tmp_path: Path) -> None:
    pruned = prune_vocabulary(folder("WordPiece"), SENTENCES[:1])
    written(pruned, tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    tokenizer = TextTokenizer.from_folder(tmp_path).tokenizer
    assert len(config["added_tokens_decoder"]) == 6
    assert {i: e["content"] for i, e in config["added_tokens_decoder"].items()} == {
        str(tokenizer.token_to_id(token)): token for token in (*BERT, "zebra")
    }


# -- what stays --------------------------------------------------------------------------------------------------------


def kept_tokens(source: Path, texts: list[str], **options: Any) -> set[str]:
    pruned = prune_vocabulary(source, texts, **options)
    tokenizer = TextTokenizer.from_folder(source).tokenizer
    return {str(tokenizer.id_to_token(i)) for i in pruned.kept.tolist()}


def test_characters_of_the_corpus_scripts_stay(folder: Any) -> None:
    latin = kept_tokens(folder("WordPiece"), ["movie"])
    assert {"z", "##a", ".", "zebra", *BERT} <= latin
    assert "北" not in latin
    chinese = kept_tokens(folder("WordPiece"), ["movie 我"])
    assert "北" in chinese
    assert "##北" not in chinese, "a Chinese character is a word of its own, nothing continues with one"
    bare = kept_tokens(folder("WordLevel"), ["movie"], keep_characters=False)
    assert bare == {*BERT, "zebra", "movie"}


@pytest.mark.parametrize(
    ("corpus", "kept", "dropped"),
    [("这是简体字", "电们国", "們體魑"), ("這是繁體字們", "國們電", "国们"), ("電車で図書館", "国電", "们魑")],
)
def test_common_chinese_characters_stay(corpus: str, kept: str, dropped: str, tmp_path: Path) -> None:
    """Those of the first level of GB 2312, Big5 or JIS X 0208, whichever fits the corpus."""
    characters = sorted({*corpus, *kept, *dropped})
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate([*BERT, *characters])}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    frame(tokenizer, BERT, "[CLS]", "[SEP]").save(str(tmp_path / "tokenizer.json"))
    found = kept_tokens(tmp_path, [corpus])
    assert {*kept} <= found
    assert found.isdisjoint(dropped)


def test_unseen_words_fall_to_pieces(folder: Any, tmp_path: Path) -> None:
    pruned = prune_vocabulary(folder("WordPiece"), ["good film"])
    tokens = TextTokenizer.from_folder(written(pruned, tmp_path)).tokenizer.encode("a band").tokens
    assert tokens == ["[CLS]", "a", "b", "##a", "##n", "##d", "[SEP]"]


def test_bytes_and_derivations_stay(folder: Any) -> None:
    source = folder("byte-level BPE")
    kept = kept_tokens(source, ["the movie was good"], keep_characters=False)
    assert set(pre_tokenizers.ByteLevel.alphabet()) <= kept
    state = json.loads((source / "tokenizer.json").read_text())
    merges = Merges(map(tuple, state["model"]["merges"]))
    longest = max(kept - {*ROBERTA, "zebra"}, key=len)
    assert merges.derivation(longest) <= kept
    assert len(merges.derivation(longest)) > len(set(longest))
    asked = TextTokenizer.from_folder(source).tokenizer.token_to_id(longest)
    assert merges.derivation(longest) <= kept_tokens(source, ["x"], keep=[asked])


def test_the_worst_piece_stays(folder: Any) -> None:
    """It sets what an unknown character costs."""
    vocabulary = json.loads((folder("Unigram") / "tokenizer.json").read_text())["model"]["vocab"]
    worst = min(vocabulary, key=lambda entry: entry[1])[0]
    assert worst in kept_tokens(folder("Unigram"), ["好"], keep_characters=False)


def test_pieces_before_a_dead_end_stay(tmp_path: Path) -> None:
    """ "abc" is unknown: "ab" is its longest start, and nothing continues it; without "ab" it would be a, ##b, ...."""
    vocabulary = {token: i for i, token in enumerate([*BERT, "ab", "a", "##bc", "x"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    frame(tokenizer, BERT, "[CLS]", "[SEP]").save(str(tmp_path / "tokenizer.json"))
    assert "ab" not in kept_tokens(tmp_path, ["x a"])
    assert "ab" not in kept_tokens(tmp_path, ["abc x"], keep_characters=False), "##bc goes, so abc stays unknown"
    assert {"ab", "##bc"} <= kept_tokens(tmp_path, ["abc x"], keep=[vocabulary["##bc"], vocabulary["a"]])


def test_size_takes_the_most_frequent(folder: Any) -> None:
    source = folder("WordLevel")
    corpus = ["movie movie movie good good film", "movie good"]
    assert kept_tokens(source, corpus, size=8) == {*BERT, "zebra", "movie", "good"}
    assert kept_tokens(source, corpus, min_count=3) == {*BERT, "zebra", "movie", "good"}
    pruned = prune_vocabulary(source, corpus, size=8)
    assert (pruned.coverage.texts, pruned.coverage.texts_unchanged) == (2, 1)
    assert (pruned.coverage.occurrences, pruned.coverage.occurrences_kept) == (12, 11)


def test_no_token_is_kept_without_its_parts(folder: Any) -> None:
    """Where there is no room for both, the part stays: with its mark it is the longer text."""
    source = folder("BPE continued")
    least = prune_vocabulary(source, ["she"], min_count=10**9).always_kept
    for room in range(4):
        pruned = prune_vocabulary(source, ["she"], size=least + room)
        assert pruned.coverage.texts_unchanged == (pruned.coverage.token_share == 1.0), room


def test_pinned_token_keeps_its_place(folder: Any) -> None:
    source = folder("WordLevel")
    movie = TextTokenizer.from_folder(source).tokenizer.token_to_id("movie")
    everything = prune_vocabulary(source, SENTENCES, pinned=movie)
    assert everything.kept[movie] == movie
    with pytest.raises(UsageError, match=f"Token {movie}, padding, cannot keep its place"):
        prune_vocabulary(source, ["good"], pinned=movie, keep=[movie])


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", [[], [""], ["  ", "\n"], [("", " ")]])
def test_empty_corpus(folder: Any, corpus: Any) -> None:
    with pytest.raises(UsageError, match="holds no text"):
        prune_vocabulary(folder("WordPiece"), corpus)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 6}, "no room for the .* tokens that are always kept"),
        ({"min_count": 0}, "min_count of 0"),
        ({"keep": [10**6]}, "no token of id 1000000"),
    ],
)
def test_settings_that_cannot_be(folder: Any, options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        prune_vocabulary(folder("WordPiece"), SENTENCES, **options)


def test_half_a_character(folder: Any) -> None:
    with pytest.raises(UsageError, match=r"not valid Unicode: 'a \\ud83e'"):
        prune_vocabulary(folder("WordPiece"), ["fine", "a \ud83e"])


def test_rows_that_do_not_match() -> None:
    state = {"word": np.arange(12.0).reshape(4, 3), "bias": np.arange(4.0), "other": np.arange(2.0)}
    cut = select_rows(state, np.asarray([3, 1]), {"word", "bias", "absent"})
    np.testing.assert_array_equal(cut["word"], state["word"][[3, 1]])
    np.testing.assert_array_equal(cut["bias"], [3.0, 1.0])
    assert cut["other"] is state["other"]
    with pytest.raises(UsageError, match="ids up to 4, but word has 4 rows"):
        select_rows(state, np.asarray([0, 4]), {"word"})


# -- whole folders -----------------------------------------------------------------------------------------------------

TEXTS = ["the movie was good", "he loves boring films , not really !", "我 爱 北京 的 电影", "paris"]
PAIRS: list[Text] = [*TEXTS, ("a film", "is it good ?")]
FAMILIES = ["bert", "roberta", "xlm-roberta", "distilbert", "electra", "albert", "ernie", "mpnet"]


def outputs(model: Any, texts: list[Text], task: str = "auto") -> dict[str, np.ndarray]:
    graph = model.graph(task, 32)
    tokenizer = TextTokenizer.from_checkpoint(model.checkpoint.path, model.modules)
    return Interpreter(graph)(tokenizer.batch(texts, list(graph.inputs)))


@pytest.mark.parametrize("family", FAMILIES)
def test_same_answers_to_the_bit(
    family: str, make_checkpoint: Callable[..., Path], open_model: Any, tmp_path: Path, reference: Any
) -> None:
    source, out = make_checkpoint(family, "text-classification"), tmp_path / "pruned"
    facts = prune_folder(source, PAIRS, out)
    pruned = open_model(out)
    assert facts["tokens"] == pruned.encoder.vocab_size < facts["rows_before"]
    assert (facts["texts"], facts["texts_unchanged"], facts["token_share"]) == (5, 5, 1.0)
    expected, found = outputs(open_model(source), PAIRS), outputs(pruned, PAIRS)
    np.testing.assert_array_equal(found["logits"], expected["logits"])
    tokenizer = TextTokenizer.from_folder(out)
    inputs = tokenizer.batch(PAIRS, list(pruned.graph("auto", 32).inputs))
    theirs = reference(out, "text-classification", inputs)
    np.testing.assert_allclose(theirs["logits"], found["logits"], atol=1e-5)
    assert pruned.checkpoint.config["pad_token_id"] == tokenizer.special_ids["pad"]


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_masked_language_models_keep_their_kept_logits(
    family: str, tied: bool, make_checkpoint: Callable[..., Path], open_model: Any, tmp_path: Path, reference: Any
) -> None:
    """Decoder and its bias lose the same rows as the embedding, whether or not they have rows of their own."""
    source, out = make_checkpoint(family, "fill-mask", tie_word_embeddings=tied), tmp_path / "pruned"
    prune_folder(source, TEXTS, out)
    expected, found = (outputs(open_model(folder), list(TEXTS))["logits"] for folder in (source, out))
    tokenizers = [TextTokenizer.from_folder(folder).tokenizer for folder in (out, source)]
    old = [tokenizers[1].token_to_id(tokenizers[0].id_to_token(i)) for i in range(found.shape[-1])]
    np.testing.assert_allclose(found, expected[..., old], atol=1e-5)
    inputs = TextTokenizer.from_folder(out).batch(TEXTS, list(open_model(out).graph("auto", 32).inputs))
    np.testing.assert_allclose(reference(out, "fill-mask", inputs)["logits"], found, atol=1e-5)


@pytest.mark.parametrize("lowercase", [False, True])
def test_sentence_transformers_folder(
    lowercase: bool, make_sentence_model: Callable[..., Path], open_model: Any, tmp_path: Path
) -> None:
    source, out = make_sentence_model(dense="Tanh"), tmp_path / "pruned"
    (source / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": 64, "do_lower_case": lowercase}), "utf-8"
    )
    (source / "README.md").write_text("A model card.", "utf-8")
    (source / "pytorch_model.bin").write_bytes(b"stale")
    (source / "spiece.model").write_bytes(b"stale")
    prune_folder(source, TEXTS, out)
    files = {folder: {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()} for folder in (source, out)}
    assert files[source] - files[out] == {Path("pytorch_model.bin"), Path("spiece.model")}
    expected, found = (outputs(open_model(folder), list(TEXTS)) for folder in (source, out))
    np.testing.assert_array_equal(found["sentence_embedding"], expected["sentence_embedding"])


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_weights_keep_their_dtype_and_shards_become_one_file(
    dtype: Any, make_checkpoint: Callable[..., Path], open_model: Any, tmp_path: Path
) -> None:
    source, out = tmp_path / "source", tmp_path / "pruned"
    shutil.copytree(make_checkpoint("bert"), source)
    tensors = {name: value.astype(dtype) for name, value in load_file(source / "model.safetensors").items()}
    tensors["embeddings.position_ids"] = np.arange(64)[None]
    names = sorted(tensors)
    shards = {"a.safetensors": names[:7], "b.safetensors": names[7:]}
    for shard, own in shards.items():
        save_file({name: tensors[name] for name in own}, source / shard)
    index = {"weight_map": {name: shard for shard, own in shards.items() for name in own}}
    (source / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    (source / "model.safetensors").unlink()
    prune_folder(source, TEXTS, out)
    written = load_file(out / "model.safetensors")
    assert not (out / "model.safetensors.index.json").exists()
    assert sorted(written) == names
    word = "embeddings.word_embeddings.weight"
    kept = prune_vocabulary(source, TEXTS).kept
    np.testing.assert_array_equal(written.pop(word), tensors.pop(word)[kept])
    for name, values in tensors.items():
        np.testing.assert_array_equal(written[name], values)
        assert written[name].dtype == values.dtype
    assert open_model(out).encoder.vocab_size == len(kept)


def test_same_bytes_twice(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for out in folders:
        prune_folder(make_checkpoint("bert", "fill-mask"), TEXTS, out, min_count=2)
    first, second = ({p.name: p.read_bytes() for p in out.iterdir()} for out in folders)
    assert first == second


def test_nothing_is_left_of_a_failure(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out" / "pruned"
    shutil.copytree(make_checkpoint("bert"), source)
    with pytest.raises(UsageError, match="holds no text"):
        prune_folder(source, [], out)
    (source / "model.safetensors").rename(source / "weights.safetensors")
    with pytest.raises(UsageError, match=r"no model\.safetensors"):
        prune_folder(source, TEXTS, out)
    (source / "weights.safetensors").rename(source / "model.safetensors")
    out.mkdir(parents=True)
    (out / "own").touch()
    with pytest.raises(UsageError, match="exists and is not empty"):
        prune_folder(source, TEXTS, out)
    assert [path.name for path in out.parent.iterdir()] == ["pruned"]
    assert [path.name for path in out.iterdir()] == ["own"]


def test_pickled_weights(make_checkpoint: Callable[..., Path], tmp_path: Path, torch: Any) -> None:
    source = tmp_path / "source"
    shutil.copytree(make_checkpoint("bert"), source)
    state = {name: torch.from_numpy(value) for name, value in load_file(source / "model.safetensors").items()}
    torch.save(state, source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="pickled weights are not rewritten"):
        prune_folder(source, TEXTS, tmp_path / "pruned")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_tokenizer_of_another_model(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    source = make_checkpoint("bert", vocab_size=50)
    with pytest.raises(UsageError, match="the word embedding has 50 rows"):
        prune_folder(source, TEXTS, tmp_path / "pruned")
