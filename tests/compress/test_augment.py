"""Augmented texts: words replaced by likely ones, everything between them as it was, the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from edgelm.compress.augment import augment, mask_filler, neighbours
from edgelm.errors import UsageError
from edgelm.tokenizer import Text, TextTokenizer

TEXTS: list[Text] = [
    "The movie was good, really GOOD!",
    "he loves  boring films.",
    "我爱北京的电影。",
    ("bad film", "is it great?"),
]


@pytest.fixture(scope="module")
def tokenizer(make_checkpoint: Callable[..., Path]) -> TextTokenizer:
    """Lower-casing WordPiece over words, pieces, letters and Chinese characters."""
    return TextTokenizer.from_folder(make_checkpoint("bert"))


@pytest.fixture(scope="module")
def embeddings(tokenizer: TextTokenizer) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(tokenizer.tokenizer.get_vocab_size(), 16)).astype(np.float32)


def near(tokenizer: TextTokenizer, embeddings: np.ndarray, *groups: str) -> np.ndarray:
    """The embeddings with the words of each group close to one another, the nearer the earlier."""
    table = embeddings.copy()
    for i, group in enumerate(groups):
        ids = [tokenizer.tokenizer.token_to_id(word) for word in group.split()]
        table[ids] = np.eye(16)[i] * 5 + np.linspace(0, 1, len(ids))[:, None] * np.eye(16)[-1]
    return table


# -- neighbours --------------------------------------------------------------------------------------------------------


def test_neighbours_are_the_nearest_by_cosine(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    vocabulary = tokenizer.tokenizer.get_vocab()
    words = [word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 1]
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for word, found in neighbours(embeddings, tokenizer, words, 5).items():
        others = sorted((w for w in words if w != word), key=lambda w: -units[vocabulary[w]] @ units[vocabulary[word]])
        assert [*found] == [w for w in others if units[vocabulary[w]] @ units[vocabulary[word]] > 0][:5]


def test_scale_is_no_matter(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    scaled = embeddings * np.random.default_rng(1).uniform(0.1, 9, (len(embeddings), 1)).astype(np.float32)
    words = ["movie", "good", "北"]
    assert neighbours(scaled, tokenizer, words, 3) == neighbours(embeddings, tokenizer, words, 3)


def test_casing_and_script(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    table = near(tokenizer, embeddings, "good great 好 ##ing", "北 京 bad")
    found = neighbours(table, tokenizer, ["good", "Good", "GOOD", "北"], 1)
    assert found == {"good": ("great",), "Good": ("Great",), "GOOD": ("GREAT",), "北": ("京",)}


def test_words_of_several_pieces(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    """At the mean of their pieces, where another word is near; never one of the pieces themselves."""
    table = near(tokenizer, embeddings, "love ##s movie hate")
    table[:, 7] = 0
    for piece in ("q", "##z"):  # far from every word
        table[tokenizer.tokenizer.token_to_id(piece)] = np.eye(16)[7] * -9
    assert tokenizer.tokenizer.encode("loves", add_special_tokens=False).tokens == ["love", "##s"]
    found = neighbours(table, tokenizer, ["loves", "qz", "🦙🦙"], 2)
    assert found == {"loves": ("movie", "hate")}


def test_byte_level_words(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([" naïve good Good great"] * 9, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    opened = TextTokenizer.from_folder(tmp_path)
    table = np.zeros((tokenizer.get_vocab_size(), 4), np.float32)
    for i, word in enumerate(["Ġgood", "Ġgreat", "ĠnaÃ¯ve", "ĠGood"]):
        table[tokenizer.token_to_id(word)] = [1.0, i, 0, 0]
    assert neighbours(table, opened, ["good", "naïve"], 3) == {"good": ("great", "naïve"), "naïve": ("great", "good")}
    assert neighbours(table, opened, ["Good"], 3) == {}, "a cased vocabulary keeps casings apart"


def test_embeddings_of_another_model(tokenizer: TextTokenizer) -> None:
    with pytest.raises(UsageError, match="the word embedding has 7 rows"):
        neighbours(np.ones((7, 4), np.float32), tokenizer, ["good"], 3)


# -- augmentation ------------------------------------------------------------------------------------------------------


def test_between_the_words_nothing_changes(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    table = near(tokenizer, embeddings, "good great", "movie film")
    options = {"tokenizer": tokenizer, "embeddings": table, "probability": 1.0, "candidates": 1}
    (text,) = augment(["1 The movie\twas  good, a GOOD <Movie>... 2x"], copies=1, **options)
    assert text == "1 The film\twas  great, a GREAT <Film>... 2x", "function words stay too"


def test_pairs_change_in_both_parts(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    table = near(tokenizer, embeddings, "good great", "movie film")
    options = {"tokenizer": tokenizer, "embeddings": table, "probability": 1.0, "candidates": 1}
    assert augment([("good", "movie!")], copies=3, **options) == [("great", "film!")]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), copies=st.integers(1, 4), first=st.integers(0, 3))
def test_a_copy_depends_on_its_row_and_number_alone(
    tokenizer: TextTokenizer, embeddings: np.ndarray, seed: int, copies: int, first: int
) -> None:
    options = {"tokenizer": tokenizer, "embeddings": embeddings, "seed": seed}
    found = augment(TEXTS, copies=copies, **options)
    assert found == augment(TEXTS, copies=copies, **options)
    assert len(set(found)) == len(found) <= copies * len(TEXTS)
    assert not set(found) & set(TEXTS)
    assert set(augment(TEXTS, copies=copies - 1, **options)) <= set(found)
    assert set(augment(TEXTS[:first], copies=copies, **options)) <= set(found)


def test_another_seed_gives_other_texts(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    options = {"tokenizer": tokenizer, "embeddings": embeddings, "copies": 5}
    assert augment(TEXTS, seed=1, **options) != augment(TEXTS, seed=2, **options)


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.4, 1.0])
def test_words_change_with_the_probability(
    tokenizer: TextTokenizer, embeddings: np.ndarray, probability: float
) -> None:
    """Of 4000 words the share that changed, within four standard deviations; a text that did not change is left out."""
    text = " ".join(["good"] * 40)
    found = augment([text], copies=100, tokenizer=tokenizer, embeddings=embeddings, probability=probability)
    changed = sum(word != "good" for new in found for word in str(new).split())
    assert abs(changed / 4000 - probability) <= 4 * (probability * (1 - probability) / 4000) ** 0.5
    words = {word for new in found for word in str(new).split()} - {"good"}
    assert words <= set(neighbours(embeddings, tokenizer, ["good"], 15)["good"])


def test_no_copies(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    assert augment(TEXTS, copies=0, tokenizer=tokenizer, embeddings=embeddings) == []
    assert augment([], copies=3, tokenizer=tokenizer, embeddings=embeddings) == []


@pytest.mark.parametrize("options", [{"copies": -1}, {"probability": 1.5}, {"candidates": 0}])
def test_settings_that_cannot_be(tokenizer: TextTokenizer, embeddings: np.ndarray, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        augment(TEXTS, **{"copies": 1, "tokenizer": tokenizer, "embeddings": embeddings, **options})


# -- mask filling ------------------------------------------------------------------------------------------------------


def test_words_of_one_piece_are_filled(tokenizer: TextTokenizer, embeddings: np.ndarray) -> None:
    """Several pieces, and what the model has no idea of, go by their neighbours."""
    asked: list[tuple[str, str]] = []

    def fill(texts: Any) -> list[tuple[str, ...]]:
        asked.extend(texts)
        return [() if "paris" in text[0] else ("good", "film", "paris") for text in texts]

    table = near(tokenizer, embeddings, "love ##s hate", "bad great")
    options = {"tokenizer": tokenizer, "embeddings": table, "fill": fill, "probability": 1.0, "candidates": 1}
    found = augment(["Good movie loves", "paris bad"], copies=2, **options)
    assert asked == [
        ("[MASK] movie loves", "Good movie loves"),
        ("Good [MASK] loves", "Good movie loves"),
        ("[MASK] bad", "paris bad"),
        ("paris [MASK]", "paris bad"),
    ]
    (loves,) = neighbours(table, tokenizer, ["loves"], 1)["loves"]
    assert found == [f"Film good {loves}", "good great"]


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_masks_are_filled_with_the_models_likeliest_words(
    family: str, make_checkpoint: Callable[..., Path], torch: Any
) -> None:
    from transformers import AutoModelForMaskedLM

    folder = make_checkpoint(family, "fill-mask")
    model = AutoModelForMaskedLM.from_pretrained(folder)
    tokenizer = TextTokenizer.from_folder(folder)
    mask = tokenizer.special_tokens["mask"]
    texts = [("the movie", "was good he she it"), ("", " is bad"), ("paris is", "")] * 3
    asked = [(f"{a} {mask} {b}", f"{a} great {b}") for a, b in texts]
    found = mask_filler(model, tokenizer, candidates=4, batch_size=2)(asked)
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if family == "bert" else [])]
    for text, answer in zip(asked, found, strict=True):
        arrays = tokenizer.batch([text], names)
        with torch.no_grad():
            logits = model(**{name: torch.from_numpy(array).long() for name, array in arrays.items()}).logits[0]
        place = arrays["input_ids"][0].tolist().index(tokenizer.special_ids["mask"])
        order = [str(tokenizer.tokenizer.id_to_token(i)) for i in logits[place].argsort(descending=True).tolist()]
        words = [token for token in order if token.isalpha() and (len(token) > 1 or not token.isascii())]
        assert [*answer] == words[:4]


@pytest.mark.usefixtures("torch")
def test_a_mask_that_is_cut_off_is_not_filled(make_checkpoint: Callable[..., Path]) -> None:
    from transformers import AutoModelForMaskedLM

    folder = make_checkpoint("bert", "fill-mask")
    tokenizer = TextTokenizer.from_folder(folder)
    fill = mask_filler(AutoModelForMaskedLM.from_pretrained(folder), tokenizer, max_length=512)
    long = "good " * 90
    found = fill([(f"{long}[MASK]", f"{long}movie"), ("good [MASK]", "good movie")])
    assert found[0] == ()
    assert len(found[1]) == 15


def test_a_tokenizer_without_mask(tokenizer: TextTokenizer, tmp_path: Path) -> None:
    state = json.loads(tokenizer.tokenizer.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] != "[MASK]"]
    state["model"]["vocab"]["masks"] = state["model"]["vocab"].pop("[MASK]")
    (tmp_path / "tokenizer.json").write_text(json.dumps(state), "utf-8")
    with pytest.raises(UsageError, match="no mask token"):
        mask_filler(None, TextTokenizer.from_folder(tmp_path))
