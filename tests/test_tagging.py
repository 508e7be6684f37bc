"""Taggers with a conditional random field, and joint intent and slots, answer as their authors' code does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgelm.audit import Audit, AuditRequest
from edgelm.bundle import MANIFEST
from edgelm.cli import main
from edgelm.datasets import Entity, Example, read_examples
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import FAMILIES
from edgelm.layouts.subject import Subject, client
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.session import Question, Session
from edgelm.types import Verdict
from edgelm.validate import quality

LABELS = {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"}
INTENTS = {"0": "GetWeather", "1": "PlayMusic", "2": "RateBook"}
TEXTS = (
    "he lives in paris, she works in london!",
    "我在北京，她在上海。",
    "Zoë unboringly loves 北京, really... ☃ x",
)


@pytest.fixture(scope="module")
def with_field(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``with_field(folder, tokens=None)``: a copy with pytorch-crf's three tensors, as a BERT-CRF is saved."""

    def make(folder: Path, tokens: str | None = None) -> Path:
        copy = Path(shutil.copytree(folder, tmp_path_factory.mktemp("crf") / "model"))
        rng = np.random.default_rng(0)
        shapes = {"start_transitions": (5,), "transitions": (5, 5), "end_transitions": (5,)}
        drawn = {f"crf.{name}": rng.normal(0, 2, shape).astype(np.float32) for name, shape in shapes.items()}
        save_file({**load_file(copy / "model.safetensors"), **drawn}, copy / "model.safetensors", {"format": "pt"})
        edit(copy, architectures=["BertCrfForNer"], **({"crf_tokens": tokens} if tokens else {}))
        return copy

    return make


def edit(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **values}), "utf-8")


def decoded(torch: Any, folder: Path, logits: np.ndarray) -> list[int]:
    """What pytorch-crf, loaded with the checkpoint's tensors, decodes of some tokens' logits."""
    from torchcrf import CRF

    crf = CRF(logits.shape[-1], batch_first=True)
    tensors = load_file(folder / "model.safetensors")
    crf.load_state_dict({name[4:]: torch.from_numpy(t) for name, t in tensors.items() if name.startswith("crf.")})
    found: list[list[int]] = crf.decode(torch.from_numpy(logits)[None], torch.ones((1, len(logits)), dtype=torch.bool))
    return found[0]


# -- a conditional random field ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bert", "albert"])
def test_a_field_decides_over_all_tokens(
    make_checkpoint: Any, with_field: Any, open_session: Any, reference: Any, torch: Any, family: str
) -> None:
    """[CLS] and [SEP] are read too: published ones are trained under the attention mask, which leaves out padding."""
    folder = with_field(make_checkpoint(family, "token-classification", id2label=LABELS, num_labels=5))
    session = open_session(folder)
    assert session.manifest["task"] == "token-classification"
    differs = 0
    for text in TEXTS:
        encoding = session.tokenizer.encode(text)
        logits = reference(folder, "token-classification", session.tokenizer.arrays([encoding], session.names))[
            "logits"
        ]
        path = decoded(torch, folder, logits[0])
        differs += path != logits[0].argmax(axis=-1).tolist()
        places = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
        expected = [(i, LABELS[str(path[i])]) for i in places if path[i]]
        found = session.answer(Question(text, aggregation="none"))
        assert [(token["index"], token["entity"]) for token in found] == expected
        assert all(0 < token["score"] <= 1 for token in found)
    assert differs, "a field that changes nothing proves nothing"


@pytest.mark.parametrize("family", [model_type for family in FAMILIES for model_type in family.model_types])
def test_every_family_takes_a_field(make_checkpoint: Any, with_field: Any, tmp_path: Path, family: str) -> None:
    folder = with_field(make_checkpoint(family, "token-classification", id2label=LABELS, num_labels=5))
    plan = Plan(ExportRequest(str(folder), ("onnx",), tmp_path))
    rules, tensors = plan.facts()["decode"], load_file(folder / "model.safetensors")
    assert (plan.task, rules["activation"], rules["crf"]["tokens"]) == ("token-classification", "crf", "all")
    for name in ("start", "end"):
        np.testing.assert_array_equal(rules["crf"][name], tensors[f"crf.{name}_transitions"])
    np.testing.assert_array_equal(rules["crf"]["transitions"], tensors["crf.transitions"])


@pytest.mark.parametrize("tokens", ["text", "words"])
def test_a_field_reads_the_tokens_it_was_trained_on(
    make_checkpoint: Any, with_field: Any, open_session: Any, torch: Any, tokens: str
) -> None:
    folder = with_field(make_checkpoint("bert", "token-classification", id2label=LABELS, num_labels=5), tokens)
    session, left_out = open_session(folder), 0
    for text in TEXTS:
        encoding = session.tokenizer.encode(text)
        (outputs,) = session.split([encoding], session.outputs([encoding]))
        places = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
        pieces = [i for i in places if i and encoding.word_ids[i] == encoding.word_ids[i - 1]]
        read = [i for i in places if tokens == "text" or i not in pieces]
        left_out += len(places) - len(read)
        of_token = dict(zip(read, decoded(torch, folder, outputs["logits"][read]), strict=True))
        for i in pieces:
            of_token.setdefault(i, of_token[i - 1])  # a piece that is not read has its word's label
        expected = [(i, LABELS[str(of_token[i])]) for i in places if of_token[i]]
        found = session.answer(Question(text, aggregation="none"))
        assert [(token["index"], token["entity"]) for token in found] == expected
    assert (left_out > 0) == (tokens == "words")


def test_batches_give_the_same_path(make_checkpoint: Any, with_field: Any, open_session: Any) -> None:
    """Padding is never read."""
    folder = with_field(make_checkpoint("bert", "token-classification", id2label=LABELS, num_labels=5))
    session: Session = open_session(folder)
    questions = [Question(text, aggregation="first") for text in TEXTS]
    encodings = [session.tokenizer.encode(text) for text in TEXTS]
    outputs = session.split(encodings, session.outputs(encodings))
    for question, encoding, found in zip(questions, encodings, outputs, strict=True):
        batched, alone = session.decode(question, [encoding], [found]), session.answer(question)
        for one, other in zip(batched, alone, strict=True):
            assert one == {**other, "score": pytest.approx(other["score"], abs=1e-5)}


def test_a_manifest_with_another_field_is_found(make_checkpoint: Any, with_field: Any, tmp_path: Path) -> None:
    folder = with_field(make_checkpoint("bert", "token-classification", id2label=LABELS, num_labels=5))
    list(export(Plan(ExportRequest(str(folder), ("onnx",), tmp_path, threads=1)), lambda *_: None))
    bundle = tmp_path / "onnx"
    request = AuditRequest(bundle, str(folder), threads=1)
    assert Audit(request, lambda _: None).run().verdict is Verdict.PASS
    manifest = json.loads((bundle / MANIFEST).read_text("utf-8"))
    manifest["decode"]["crf"]["transitions"][0][1] += 1e-3
    (bundle / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    report = Audit(request, lambda _: None).run()
    assert [check.reason for check in report.checks if check.verdict is Verdict.FAIL] == ["decode"]


def test_bad_fields(make_checkpoint: Any, with_field: Any, open_model: Any, tmp_path: Path) -> None:
    folder = with_field(make_checkpoint("bert", "token-classification", id2label=LABELS, num_labels=5), "most")

    def refused(kind: type[Exception], message: str, task: str = "auto") -> None:
        with pytest.raises(kind, match=message):
            Plan(ExportRequest(str(folder), ("onnx",), tmp_path, task=task))

    refused(UsageError, r"crf_tokens is 'most'\. There are: all, text, words")
    edit(folder, crf_tokens="all")
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "crf.start_transitions": np.zeros(4, np.float32)}, folder / "model.safetensors")
    refused(UsageError, r"crf\.start_transitions has shape \(4,\), but config\.json asks for \(5,\)")
    refused(UsageError, "has no head for text-classification", task="text-classification")
    with pytest.raises(UnsupportedError, match="conditional random field, which is exported but neither trained"):
        open_model(folder).trained_head("token-classification")


# -- joint intent and slots --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def joint(make_checkpoint: Any) -> Path:
    folder: Path = make_checkpoint("bert", "intent-and-slots", id2label=INTENTS)
    return folder


def test_an_intent_and_its_slots(joint: Path, open_session: Any, reference: Any) -> None:
    session: Session = open_session(joint)
    assert session.manifest["labels"] == list(INTENTS.values())
    slots = session.manifest["slot_labels"]
    assert slots == ["O", "B-artist", "I-artist", "B-city", "I-city"]
    assert "the labels, in order: `GetWeather`" in client(Subject(session.bundle, "m", 1))
    assert "The slots: `O`, `B-artist`" in client(Subject(session.bundle, "m", 1))
    found_slots = 0
    for text in TEXTS:
        encoding = session.tokenizer.encode(text)
        logits = reference(joint, "intent-and-slots", session.tokenizer.arrays([encoding], session.names))
        answer = session.answer(Question(text))
        assert list(answer) == ["intent", "score", "slots"]
        intents = np.exp(logits["intent_logits"][0]) / np.exp(logits["intent_logits"][0]).sum()
        assert answer["intent"] == INTENTS[str(intents.argmax())]
        assert answer["score"] == pytest.approx(intents.max(), abs=1e-5)
        best = logits["slot_logits"][0].argmax(axis=-1)
        labelled = {}  # of each character of a word, its first piece's label
        for i, word in enumerate(encoding.word_ids):
            if word is not None and word != encoding.word_ids[i - 1]:
                labelled |= dict.fromkeys(range(*(encoding.word_to_chars(word))), slots[best[i]])
        for slot in answer["slots"]:
            assert slot["word"] == text[slot["start"] : slot["end"]]
            assert {labelled.get(i, "")[2:] for i in range(slot["start"], slot["end"]) if i in labelled} == {
                slot["entity_group"]
            }
        covered = {i for slot in answer["slots"] for i in range(slot["start"], slot["end"])}
        assert {i for i, label in labelled.items() if label != "O"} <= covered
        found_slots += len(answer["slots"])
    assert found_slots


def test_slots_with_a_field(joint: Path, with_field: Any, open_session: Any, torch: Any) -> None:
    """JointBERT with ``--use_crf``: over every token that is no padding, as it is trained."""
    folder = with_field(joint)
    session: Session = open_session(folder)
    assert session.manifest["decode"]["slots"]["activation"] == "crf"
    for text in TEXTS:
        encoding = session.tokenizer.encode(text)
        (outputs,) = session.split([encoding], session.outputs([encoding]))
        path = decoded(torch, folder, outputs["slot_logits"])
        firsts = [
            i for i, word in enumerate(encoding.word_ids) if word is not None and word != encoding.word_ids[i - 1]
        ]
        begins = [encoding.offsets[i][0] for i in firsts if session.manifest["slot_labels"][path[i]].startswith("B-")]
        assert begins == [slot["start"] for slot in session.answer(Question(text))["slots"] if slot["start"] in begins]


def test_checkpoints_as_the_authors_save_them(joint: Path, open_model: Any, tmp_path: Path) -> None:
    """The encoder's tensors have a prefix, and config.json names a class that transformers has not."""
    folder = Path(shutil.copytree(joint, tmp_path / "model"))
    tensors = load_file(folder / "model.safetensors")
    own = {name if "_classifier." in name else f"bert.{name}": tensor for name, tensor in tensors.items()}
    save_file(own, folder / "model.safetensors")
    model = open_model(folder)
    assert model.resolve_task() == "intent-and-slots"
    assert model.tasks == ("intent-and-slots", "feature-extraction")
    (left, right) = (open_model(one).graph("intent-and-slots", 16) for one in (folder, joint))
    assert left.signature == right.signature
    assert [spec.name for spec in left.signature[1]] == ["intent_logits", "slot_logits"]
    with pytest.raises(UnsupportedError, match="second head, which is exported but neither trained nor compressed"):
        model.trained_head("intent-and-slots")


def test_labels_that_are_not_as_many_as_the_outputs(joint: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(joint, tmp_path / "model"))
    edit(folder, slot_id2label={"0": "O", "1": "B-city"})
    with pytest.raises(UsageError, match=r"has 5 outputs, but config\.json's slot_id2label names 2"):
        Plan(ExportRequest(str(folder), ("onnx",), tmp_path))
    edit(folder, slot_id2label=None)
    assert Plan(ExportRequest(str(folder), ("onnx",), tmp_path)).slot_labels == [f"LABEL_{i}" for i in range(5)]


def test_training_refuses_what_it_would_lose(joint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train.tsv").write_text("sentence\tlabel\na\t0\nb\t1\n")
    for command in (["finetune", "-o", "out"], ["compress", "--recipe", "nano"]):
        name, *options = command
        assert main([name, str(joint), "--train", str(tmp_path / "train.tsv"), *options]) == 4
        assert "neither trained nor compressed" in capsys.readouterr().err


@pytest.fixture
def snips(tmp_path: Path) -> Path:
    """Three texts as SNIPS lays them out."""
    folder = tmp_path / "snips"
    folder.mkdir()
    (folder / "seq.in").write_text("play the movie\nweather in new london\nrate it\n")
    (folder / "seq.out").write_text("O B-artist I-artist\nO O B-city I-city\nO O\n")
    (folder / "label").write_text("PlayMusic\nGetWeather\nRateBook\n")
    return folder


def test_labelled_examples(snips: Path, tmp_path: Path) -> None:
    intents, slots = list(INTENTS.values()), ["O", "B-artist", "I-artist", "B-city", "I-city"]
    expected = [
        Example("play the movie", labels=(1,), entities=(Entity(5, 14, "artist"),), spaced=True),
        Example("weather in new london", labels=(0,), entities=(Entity(11, 21, "city"),), spaced=True),
        Example("rate it", labels=(2,), spaced=True),
    ]
    assert read_examples(snips, "intent-and-slots", intents, slots) == expected
    rows = [
        {"tokens": ["play", "the", "movie"], "tags": ["O", "B-artist", "I-artist"], "intent": "PlayMusic"},
        {"tokens": ["rate", "it"], "tags": ["O", "O"], "intent": "ratebook"},
    ]
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_examples(lines, "intent-and-slots", intents, slots) == [expected[0], expected[2]]
    with pytest.raises(UsageError, match="'GetWeather' is none of the model's"):
        read_examples(snips, "intent-and-slots", intents[1:], slots)
    with pytest.raises(UsageError, match="the entity type 'city' is none of the model's"):
        read_examples(snips, "intent-and-slots", intents, slots[:3])


def test_quality_is_of_the_whole_sentence_of_intents_and_of_slots(joint: Path, open_session: Any, snips: Path) -> None:
    session: Session = open_session(joint)
    read = read_examples(snips, "intent-and-slots", session.manifest["labels"], session.manifest["slot_labels"])
    found = quality.answers(session, read)
    values = {one.name: one.artifact.value for one in quality.measure(session.manifest, read, found).metrics}
    assert list(values) == ["sentence accuracy", "intent accuracy", "slot F1"]
    right = [
        Example(e.text, labels=(intent,), entities=tuple(slots))
        for e, (intent, slots) in zip(read, found.values, strict=True)
    ]
    assert {m.artifact.value for m in quality.measure(session.manifest, right, found).metrics} == {1.0}
    wrong = [Example(e.text, labels=((e.labels[0] + (i == 0)) % 3,), entities=e.entities) for i, e in enumerate(right)]
    values = {one.name: one.artifact.value for one in quality.measure(session.manifest, wrong, found).metrics}
    assert values == pytest.approx({"sentence accuracy": 2 / 3, "intent accuracy": 2 / 3, "slot F1": 1.0})
