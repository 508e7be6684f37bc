"""A bundle answers as Hugging Face's pipelines do: the same labels, spans, tokens and vectors, scores equal to 1e-4."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.decode import AGGREGATIONS
from edgelm.errors import UsageError
from edgelm.session import Question, batches

ENGLISH = "The movie was great, not boring: he lives in Paris and loves London!"
CHINESE = "我在北京，她在上海。中国的天气很好，我不喜欢电影！"
MIXED = "Zoë loves 北京, really... Flugzeugträger was un-good ☃ x"
LABELS = {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"}


@pytest.fixture(scope="module")
def huggingface(torch: Any) -> Callable[[str, Path], Any]:
    """``huggingface(task, folder)``: transformers' own pipeline, on torch's one thread."""
    import transformers

    assert torch.get_num_threads() == 1

    def make(task: str, folder: Path) -> Any:
        pipeline = transformers.pipeline(task, model=str(folder), device="cpu")
        pipeline.tokenizer = with_token_types(pipeline.tokenizer, pipeline.model.config)
        return pipeline

    return make


def with_token_types(tokenizer: Any, config: Any) -> Any:
    """The generic tokenizer class of the tiny checkpoints leaves the token types out; those of BERT's kin do not."""
    if getattr(config, "type_vocab_size", 1) > 1:
        tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    return tokenizer


def assert_answers(found: Any, expected: Any) -> None:
    """Equal in everything but the last digits of floats."""
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_answers(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_answers(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-4)
    else:
        assert found == expected


def plain(answer: Any) -> Any:
    """NumPy's scalars as Python's."""
    return json.loads(json.dumps(answer, default=float))


# -- text classification -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "config"),
    [
        ("bert", {"id2label": {"0": "bad", "1": "so-so", "2": "good"}}),
        ("roberta", {"problem_type": "multi_label_classification", "num_labels": 4}),
        ("distilbert", {"problem_type": "single_label_classification", "num_labels": 2}),
        ("electra", {"problem_type": "regression", "num_labels": 1}),
        ("albert", {"num_labels": 1}),
    ],
)
def test_text_classification(
    make_checkpoint: Any, open_session: Any, huggingface: Any, family: str, config: dict[str, Any]
) -> None:
    folder = make_checkpoint(family, "text-classification", **config)
    session, pipeline = open_session(folder), huggingface("text-classification", folder)
    for text in (ENGLISH, CHINESE, MIXED):
        assert_answers(session.answer(Question(text)), pipeline(text, top_k=None))
        assert_answers(session.answer(Question(text, top_k=1)), pipeline(text, top_k=1))
        assert_answers(session.answer(Question(text, top_k=9)), pipeline(text, top_k=9))
    pair = pipeline({"text": ENGLISH, "text_pair": CHINESE}, top_k=None)
    assert_answers(session.answer(Question(ENGLISH, pair=CHINESE)), pair)


def test_truncation_is_huggingfaces(make_checkpoint: Any, open_session: Any, huggingface: Any) -> None:
    folder = make_checkpoint("bert", "text-classification")
    session, pipeline = open_session(folder, max_length=20), huggingface("text-classification", folder)
    long = f"{ENGLISH} {CHINESE}"
    with pytest.raises(UsageError, match=r"The text has \d+ tokens; this bundle takes 20"):
        session.answer(Question(long))
    expected = pipeline({"text": long, "text_pair": MIXED}, top_k=None, truncation=True, max_length=20)
    assert_answers(session.answer(Question(long, pair=MIXED, truncate=True)), expected)


# -- token classification ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
def test_token_classification(
    make_checkpoint: Any, open_session: Any, huggingface: Any, family: str, aggregation: str
) -> None:
    folder = make_checkpoint(family, "token-classification", id2label=LABELS, num_labels=len(LABELS))
    session, pipeline = open_session(folder), huggingface("token-classification", folder)
    for text in (ENGLISH, CHINESE, MIXED):
        found = session.answer(Question(text, aggregation=aggregation))
        expected = plain(pipeline(text, aggregation_strategy=aggregation))
        if aggregation != "none":  # where Hugging Face decodes tokens ("北 京"), a bundle gives the text itself
            assert [entity["word"] for entity in found] == [text[e["start"] : e["end"]] for e in found]
            expected = [{**entity, "word": text[entity["start"] : entity["end"]]} for entity in expected]
        assert expected, "an answer without entities proves nothing"
        assert_answers(found, expected)


@pytest.mark.parametrize("aggregation", ["first", "average", "max"])
def test_words_of_tokenizers_without_word_pieces(
    make_checkpoint: Any, open_session: Any, huggingface: Any, tmp_path: Path, aggregation: str
) -> None:
    folder = byte_level(make_checkpoint("roberta", "token-classification", vocab_size=320), tmp_path)
    session, pipeline = open_session(folder), huggingface("token-classification", folder)
    assert session.manifest["decode"]["words"] == "spaces"
    for text in (ENGLISH, MIXED):
        found = session.answer(Question(text, aggregation=aggregation))
        with pytest.warns(UserWarning, match="fallback heuristic"):
            expected = plain(pipeline(text, aggregation_strategy=aggregation))
        spans = [{**entity, "word": text[entity["start"] : entity["end"]]} for entity in expected]
        assert_answers(found, spans)


# -- question answering ------------------------------------------------------------------------------------------------


def squad_answers(torch: Any, folder: Path, question: str, context: str, top_k: int, length: int) -> list[Any]:
    """What transformers' last QuestionAnsweringPipeline (4.57) gives, with the parts of it that 5.x still has.

    Windows of ``length`` tokens overlapping by half, at most 128; 2k + 10 spans of each; spans of equal words summed.
    """
    import transformers
    from transformers.pipelines.document_question_answering import select_starts_ends

    model = transformers.AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    tokenizer = with_token_types(transformers.AutoTokenizer.from_pretrained(folder), model.config)
    options = {"truncation": "only_second", "max_length": length, "stride": min(length // 2, 128)}
    windows = tokenizer(question, context, **options, return_overflowing_tokens=True)
    names = [name for name in tokenizer.model_input_names if name in windows]
    answers: dict[str, dict[str, Any]] = {}
    for i, window in enumerate(windows.encodings):
        with torch.no_grad():
            output = model(**{name: torch.tensor([windows[name][i]]) for name in names})
        masked = [sequence != 1 for sequence in window.sequence_ids]
        masked[0] = False  # [CLS] keeps its share of the softmax
        logits = output.start_logits.numpy(), output.end_logits.numpy()
        starts, ends, scores, _ = select_starts_ends(
            *logits, np.asarray([masked]).astype(int), None, top_k=2 * top_k + 10
        )
        for start, end, score in zip(starts, ends, scores, strict=True):
            begin = window.word_to_chars(window.word_ids[start], 1)[0]
            finish = window.word_to_chars(window.word_ids[end], 1)[1]
            words = context[begin:finish]
            fresh = {"score": 0.0, "start": begin, "end": finish, "answer": words}
            answers.setdefault(words.lower(), fresh)["score"] += float(score)
    return sorted(answers.values(), key=lambda answer: -answer["score"])[:top_k]


@pytest.mark.parametrize("top_k", [1, 5])
@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_question_answering(make_checkpoint: Any, open_session: Any, torch: Any, family: str, top_k: int) -> None:
    folder = make_checkpoint(family, "question-answering")
    session = open_session(folder)
    for question, context in (("where is she", CHINESE), ("谁爱电影？", ENGLISH), ("what", MIXED)):
        found = session.answer(Question(question, pair=context, top_k=top_k))
        assert len(found) == top_k
        assert_answers(found, squad_answers(torch, folder, question, context, top_k, length=64))
        assert all(answer["answer"] == context[answer["start"] : answer["end"]] for answer in found)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_long_contexts_are_read_in_windows(make_checkpoint: Any, open_session: Any, torch: Any, family: str) -> None:
    folder = make_checkpoint(family, "question-answering")
    session, context = open_session(folder, max_length=32), f"{ENGLISH} {CHINESE} {MIXED} unboringly {ENGLISH}"
    for top_k in (1, 3):
        found = session.answer(Question("where is he", pair=context, top_k=top_k))
        assert_answers(found, squad_answers(torch, folder, "where is he", context, top_k, length=32))


def test_a_long_question_narrows_the_overlap(make_checkpoint: Any, open_session: Any) -> None:
    """Hugging Face's tokenizer panics where the overlap would be no smaller than the room for the context."""
    session = open_session(make_checkpoint("roberta", "question-answering"), max_length=32)
    for words in range(10, 27):
        (answer,) = session.answer(Question("the " * words, pair=ENGLISH))
        assert ENGLISH[answer["start"] : answer["end"]] == answer["answer"] != ""
    assert session.answer(Question("the " * 26, pair="he"))[0]["answer"] == "he"
    with pytest.raises(UsageError, match="leaves no room for its context"):
        session.answer(Question("the " * 40, pair=ENGLISH))
    with pytest.raises(UsageError, match="needs a context"):
        session.answer(Question("where"))


def test_more_answers_than_there_are_spans(make_checkpoint: Any, open_session: Any) -> None:
    session = open_session(make_checkpoint("bert", "question-answering"))
    found = session.answer(Question("where", pair="he lives", top_k=9))
    assert sorted(answer["answer"] for answer in found) == ["he", "he lives", "lives"]


# -- fill-mask ---------------------------------------------------------------------------------------------------------


def byte_level(checkpoint: Path, folder: Path) -> Path:
    """A copy of the checkpoint with a byte-level BPE tokenizer in two plain files."""
    from tokenizers import ByteLevelBPETokenizer

    shutil.copytree(checkpoint, folder, dirs_exist_ok=True)
    for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).unlink()
    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator([ENGLISH, MIXED] * 3, vocab_size=320, special_tokens=special, show_progress=False)
    trained.save_model(str(folder))
    settings = {"tokenizer_class": "RobertaTokenizer", "mask_token": {"content": "<mask>", "lstrip": True}}
    settings["mask_token"] |= {"__type": "AddedToken", "normalized": False, "rstrip": False, "single_word": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize("family", ["bert", "albert", "roberta", "byte-level"])
def test_fill_mask(make_checkpoint: Any, open_session: Any, huggingface: Any, tmp_path: Path, family: str) -> None:
    if family == "byte-level":
        folder = byte_level(make_checkpoint("roberta", "fill-mask", vocab_size=320), tmp_path)
    else:
        folder = make_checkpoint(family, "fill-mask")
    session, pipeline = open_session(folder), huggingface("fill-mask", folder)
    mask = session.tokenizer.special_tokens["mask"]
    for text in (f"The movie was {mask}.", f"{mask}北京很好", f"He {mask} in {mask}, she is {mask}"):
        assert_answers(session.answer(Question(text)), pipeline(text))
        assert_answers(session.answer(Question(text, top_k=100)), pipeline(text, top_k=100))
    with pytest.raises(UsageError, match=r"has no .* to fill"):
        session.answer(Question(ENGLISH))


# -- vectors and choices -----------------------------------------------------------------------------------------------


def test_feature_extraction(make_checkpoint: Any, open_session: Any, huggingface: Any) -> None:
    folder = make_checkpoint("bert")
    session, pipeline = open_session(folder), huggingface("feature-extraction", folder)
    for text in (ENGLISH, CHINESE, MIXED):
        (expected,) = pipeline(text)
        assert_answers(session.answer(Question(text)), expected)


def test_sentence_similarity(make_checkpoint: Any, open_session: Any, huggingface: Any) -> None:
    """Of a plain encoder: the mean of its token vectors, of length one."""
    folder = make_checkpoint("bert")
    session, pipeline = open_session(folder, task="sentence-similarity"), huggingface("feature-extraction", folder)

    def embedding(text: str) -> Any:
        mean = np.mean(pipeline(text)[0], axis=0)
        return mean / np.linalg.norm(mean)

    assert_answers(session.answer(Question(ENGLISH)), embedding(ENGLISH).tolist())
    expected = {"similarity": float(embedding(ENGLISH) @ embedding(CHINESE))}
    assert_answers(session.answer(Question(ENGLISH, pair=CHINESE)), expected)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_multiple_choice(make_checkpoint: Any, open_session: Any, torch: Any, family: str) -> None:
    import transformers

    folder = make_checkpoint(family, "multiple-choice")
    session = open_session(folder)
    choices = ("He lives in Paris.", "北京", MIXED)
    model = transformers.AutoModelForMultipleChoice.from_pretrained(folder).eval()
    tokenizer = with_token_types(transformers.AutoTokenizer.from_pretrained(folder), model.config)
    inputs = tokenizer([ENGLISH] * 3, list(choices), padding=True, return_tensors="pt")
    with torch.no_grad():
        scores = model(**{name: ids[None] for name, ids in inputs.items()}).logits[0].softmax(-1).tolist()
    expected = sorted(zip(choices, scores, strict=True), key=lambda pair: -pair[1])
    answer = session.answer(Question(ENGLISH, choices=choices))
    assert_answers(answer, [{"label": label, "score": score} for label, score in expected])
    with pytest.raises(UsageError, match="at least two choices"):
        session.answer(Question(ENGLISH, choices=choices[:1]))


# -- what a task does not take, and fixed lengths ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "question", "what"),
    [
        ("token-classification", Question("a", pair="b"), "second text"),
        ("token-classification", Question("a", top_k=2), "--top-k"),
        ("multiple-choice", Question("a", pair="b", choices=("c", "d")), "second text"),
        ("text-classification", Question("a", choices=("c", "d")), "--choice"),
        ("feature-extraction", Question("a", top_k=2), "--top-k"),
    ],
)
def test_what_a_task_does_not_take_is_refused(
    make_checkpoint: Any, open_session: Any, task: str, question: Question, what: str
) -> None:
    with pytest.raises(UsageError, match=rf"{task} takes no .*{what}"):
        open_session(make_checkpoint("bert", task)).answer(question)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_refused(make_checkpoint: Any, open_session: Any, text: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        open_session(make_checkpoint("bert", "text-classification")).answer(Question(text))


def test_a_text_of_no_tokens_is_answered(make_checkpoint: Any, open_session: Any, huggingface: Any) -> None:
    """A zero-width space is no white space, and the tokenizer drops it."""
    folder = make_checkpoint("bert", "text-classification")
    expected = huggingface("text-classification", folder)("\u200b", top_k=None)
    assert_answers(open_session(folder).answer(Question("\u200b")), expected)


def labels_of(answers: Sequence[dict[str, Any]]) -> list[str]:
    return [answer["label"] for answer in answers]


def test_labels_without_names_are_numbered(make_checkpoint: Any, open_session: Any, tmp_path: Path) -> None:
    shutil.copytree(make_checkpoint("bert", "text-classification"), tmp_path, dirs_exist_ok=True)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["id2label"], config["label2id"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = labels_of(open_session(tmp_path).answer(Question(ENGLISH)))
    assert sorted(found) == ["LABEL_0", "LABEL_1", "LABEL_2"]


# -- batches -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 600)), st.integers(0, 512))
def test_batches_keep_the_budget_and_every_text_once(lengths: list[int], budget: int) -> None:
    found = list(batches(lengths, budget))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) * max(lengths[place] for place in batch) <= budget or len(batch) == 1
    in_turn = [lengths[place] for batch in found for place in batch]
    assert in_turn == sorted(lengths)


@given(st.lists(st.integers(1, 64), min_size=1), st.integers(64, 512))
def test_batches_are_as_full_as_they_can_be(lengths: list[int], budget: int) -> None:
    found = list(batches(lengths, budget))
    for batch, following in pairwise(found):
        assert (len(batch) + 1) * lengths[following[0]] > budget
