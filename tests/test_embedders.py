"""Embedders' prompts and pooling, and rerankers' scores, by sentence-transformers' rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import inspection
from edgelm.audit import Audit, AuditRequest
from edgelm.cli import main
from edgelm.datasets import Example
from edgelm.errors import UnsupportedError, UsageError
from edgelm.layouts.subject import Subject, client
from edgelm.pipeline import ExportRequest, Plan
from edgelm.session import Question, Session
from edgelm.types import Verdict
from edgelm.validate import _hugging_face, quality

PROMPTS = {"query": "who works: ", "passage": "the film is ", "none": ""}
SETTINGS = "config_sentence_transformers.json"
TEXT, OTHER = "he lives in paris", "really not boring"
DOCUMENTS = ("the movie was good", "she works in 北京", "bad", "who is it?")


def write(path: Path, **values: Any) -> None:
    """Some keys of a JSON file, which is made where there is none."""
    found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    path.write_text(json.dumps({**found, **values}), "utf-8")


@pytest.fixture(scope="module")
def embedder(make_sentence_model: Callable[..., Path]) -> Path:
    """A folder with prompts, of which one is the default."""
    folder = make_sentence_model("bert")
    write(folder / SETTINGS, prompts=PROMPTS, default_prompt_name="query")
    return folder


@pytest.fixture(scope="module")
def encode(reference: Any) -> Callable[..., np.ndarray]:
    """``encode(folder, text, pooling="mean")``: the normalized mean, or first, of transformers' last hidden states."""

    def compute(folder: Path, text: str, pooling: str = "mean") -> np.ndarray:
        import transformers

        tokens = transformers.AutoTokenizer.from_pretrained(folder)(text, return_tensors="np")
        batch = {name: tokens[name].astype(np.int32) for name in ("input_ids", "attention_mask")}
        hidden = reference(folder, "feature-extraction", batch)["last_hidden_state"][0]
        vector: np.ndarray = hidden[0] if pooling == "cls" else hidden.mean(axis=0)
        return vector / np.linalg.norm(vector)

    return compute


def refused(kind: type[Exception], message: str, folder: Path, **request: Any) -> None:
    with pytest.raises(kind, match=message):
        Plan(ExportRequest(str(folder), ("onnx",), folder / "out", **request))


# -- prompts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "used"), [(None, "query"), *((name, name) for name in PROMPTS)])
def test_a_prompt_goes_before_every_text(
    embedder: Path, open_session: Any, encode: Any, asked: str | None, used: str
) -> None:
    session: Session = open_session(embedder)
    assert session.manifest["prompts"] == {"texts": PROMPTS, "default": "query"}
    expected = [encode(embedder, PROMPTS[used] + text) for text in (TEXT, OTHER)]
    found = session.answer(Question(TEXT, prompt=asked))
    np.testing.assert_allclose(found, expected[0], atol=1e-5)
    pair = session.answer(Question(TEXT, pair=OTHER, prompt=asked))
    assert pair["similarity"] == pytest.approx(float(expected[0] @ expected[1]), abs=1e-5)
    plain = encode(embedder, TEXT)
    assert (np.abs(found - plain).max() < 1e-5) == (used == "none"), "the prompt changed nothing"


def test_prompts_are_given_to_the_export(make_sentence_model: Any, tmp_path: Path, encode: Any, capsys: Any) -> None:
    """As most of E5's folders need it, which have none."""
    folder, out = make_sentence_model("bert"), tmp_path / "out"
    given = [option for name, text in PROMPTS.items() for option in ("--prompt", f"{name}={text}")]
    export = ["export", str(folder), "-t", "onnx", "-o", str(out)]
    assert main([*export, *given, "--default-prompt", "passage"]) == 0
    session = Session.open(out / "onnx", 1)
    assert session.manifest["prompts"] == {"texts": PROMPTS, "default": "passage"}
    np.testing.assert_allclose(session.answer(Question(TEXT)), encode(folder, PROMPTS["passage"] + TEXT), atol=1e-5)
    report = Audit(AuditRequest(out / "onnx", str(folder), threads=1), lambda _: None).run()
    assert report.verdict is Verdict.PASS
    write(folder / SETTINGS, prompts={"query": "q: "})
    assert main([*export, *given]) == 2
    assert main([*export, "--prompt", "query"]) == 2
    assert main([*export, "--default-prompt", "query"]) == 2
    told = capsys.readouterr().err
    assert "has prompts of its own" in told
    assert "--prompt 'query' is not KEY=VALUE" in told
    assert "--default-prompt 'query' is no --prompt; there are: none" in told
    report = Audit(AuditRequest(out / "onnx", str(folder), threads=1), lambda _: None).run()
    assert [check.reason for check in report.checks if check.verdict is Verdict.FAIL] == ["prompts"]


def test_people_are_told_of_prompts(embedder: Path, open_session: Any) -> None:
    bundle = open_session(embedder).bundle
    facts = inspection.describe(str(bundle.path))
    assert facts["prompts"] == ["query: 'who works: ', by default", "passage: 'the film is '", "none: ''"]
    assert "Put one of `prompts` before the text (by default `query`). Tokenize" in client(Subject(bundle, "m", 1))


def test_without_a_default_texts_stand_alone(make_sentence_model: Any, open_session: Any, encode: Any) -> None:
    folder = make_sentence_model("bert")
    write(folder / SETTINGS, prompts=PROMPTS, default_prompt_name=None)
    session = open_session(folder)
    np.testing.assert_allclose(session.answer(Question(TEXT)), encode(folder, TEXT), atol=1e-5)
    found = session.answer(Question(TEXT, prompt="passage"))
    np.testing.assert_allclose(found, encode(folder, PROMPTS["passage"] + TEXT), atol=1e-5)


def test_prompts_that_are_not_there(
    embedder: Path, make_sentence_model: Any, make_checkpoint: Any, open_session: Any
) -> None:
    with pytest.raises(UsageError, match=r"has no prompt 'poem'") as raised:
        open_session(embedder).answer(Question(TEXT, prompt="poem"))
    assert raised.value.hint == "There are: query, passage, none."
    with pytest.raises(UsageError, match=r"has no prompt ''"):
        open_session(embedder).answer(Question(TEXT, prompt=""))
    plain = open_session(make_sentence_model("bert"))
    assert plain.manifest["prompts"] is None
    with pytest.raises(UsageError, match=r"has no prompt 'query'.* There are: none"):
        plain.answer(Question(TEXT, prompt="query"))
    tagger = open_session(make_checkpoint("bert", "token-classification"))
    with pytest.raises(UsageError, match=r"token-classification takes no --prompt"):
        tagger.answer(Question(TEXT, prompt="query"))


@pytest.mark.parametrize(("text", "pair"), [("  ", None), (TEXT, "")])
def test_a_prompt_makes_no_text_of_an_empty_one(embedder: Path, open_session: Any, text: str, pair: str | None) -> None:
    with pytest.raises(UsageError, match="The text is empty"):
        open_session(embedder).answer(Question(text, pair=pair))


def test_labelled_pairs_are_read_with_the_default_prompt(embedder: Path, open_session: Any) -> None:
    session: Session = open_session(embedder)
    (found,) = quality.answers(session, [Example(TEXT, pair=OTHER, score=1.0)]).values
    expected = session.answer(Question(TEXT, pair=OTHER, prompt="query"))["similarity"]
    assert found == pytest.approx(expected, abs=1e-6)
    assert expected != pytest.approx(session.answer(Question(TEXT, pair=OTHER, prompt="none"))["similarity"], abs=1e-4)


def test_prompts_on_the_command_line(embedder: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["export", str(embedder), "-t", "onnx", "-o", str(tmp_path / "out")]) == 0
    bundle, texts = tmp_path / "out" / "onnx", tmp_path / "texts.txt"
    texts.write_text(f"{TEXT}\n{OTHER}\n")
    capsys.readouterr()
    assert main(["run", str(bundle), "--input", str(texts), "--prompt", "passage", "--json"]) == 0
    one_by_one = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    answers = tmp_path / "out.jsonl"
    assert main(["run", str(bundle), "--input", str(texts), "--prompt", "passage", "-o", str(answers)]) == 0
    in_batches = [json.loads(line)["output"] for line in answers.read_text().splitlines()]
    np.testing.assert_allclose(in_batches, one_by_one, atol=1e-5)
    session = Session.open(bundle, 1)
    np.testing.assert_allclose(one_by_one[0], session.answer(Question(TEXT, prompt="passage")), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prompts": ["query: "]}, "prompts is .* not an object of texts by name"),
        ({"prompts": {"query": 1}}, "prompts is .* not an object of texts by name"),
        ({"prompts": {"query": "q"}, "default_prompt_name": "passage"}, "'passage', which is no prompt"),
        ({"default_prompt_name": "query"}, "'query', which is no prompt"),
    ],
)
def test_broken_settings(make_sentence_model: Any, settings: Any, message: str) -> None:
    folder = make_sentence_model("bert")
    write(folder / SETTINGS, **settings)
    refused(UsageError, message, folder)


def test_pooling_without_the_prompt_is_not_supported(make_sentence_model: Any) -> None:
    folder = make_sentence_model("bert")
    write(folder / "1_Pooling" / "config.json", include_prompt=False)
    refused(UnsupportedError, "include_prompt is false", folder, prompts={"query": "q: "})
    assert Plan(ExportRequest(str(folder), ("onnx",), folder / "out")).task == "sentence-similarity"
    write(folder / SETTINGS, prompts={"query": ""})
    assert Plan(ExportRequest(str(folder), ("onnx",), folder / "out")).task == "sentence-similarity"
    write(folder / SETTINGS, prompts={"query": "q: "})
    refused(UnsupportedError, "include_prompt is false", folder)


# -- pooling of a plain folder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_plain_encoder_is_pooled_as_asked(
    make_checkpoint: Any, open_session: Any, encode: Any, make_batch: Any, open_model: Any, pooling: Any
) -> None:
    folder = make_checkpoint("bert")
    session: Session = open_session(folder, pooling=pooling)
    assert session.manifest["task"] == "sentence-similarity"
    assert session.manifest["pooling"] == {"modes": [pooling], "normalize": True}
    for text in (TEXT, OTHER):
        np.testing.assert_allclose(session.answer(Question(text)), encode(folder, text, pooling), atol=1e-5)
    theirs, batch = (
        _hugging_face.open_original(str(folder), session.manifest["task"], pooling),
        make_batch(open_model(folder)),
    )
    (found, expected) = (run(batch)["sentence_embedding"] for run in (session.runner, theirs))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("hugging_face", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_bundle_is_held_against_the_pooling_it_says(
    make_checkpoint: Any, open_session: Any, hugging_face: bool
) -> None:
    folder = make_checkpoint("bert")
    bundle = open_session(folder, pooling="cls").bundle.path
    report = Audit(AuditRequest(bundle, str(folder), hugging_face=hugging_face, threads=1), lambda _: None).run()
    assert report.verdict is Verdict.PASS


def test_pooling_that_makes_no_sense(embedder: Path, make_checkpoint: Any) -> None:
    refused(UsageError, r"says itself how it pools: mean", embedder, pooling="cls")
    classifier = make_checkpoint("bert", "text-classification")
    refused(UsageError, "--pooling is for sentence-similarity", classifier, pooling="cls", task="text-classification")
    refused(UsageError, "--prompt is for sentence-similarity", classifier, prompts=PROMPTS, task="text-classification")
    refused(UsageError, r"Unknown pooling 'last'.* There are: cls, mean", make_checkpoint("bert"), pooling="last")


# -- rerankers ---------------------------------------------------------------------------------------------------------

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "sentence-transformers 5": (
        SETTINGS,
        {"model_type": "CrossEncoder", "activation_fn": "torch.nn.modules.linear.NAME"},
    ),
    "sentence-transformers 4": (
        "config.json",
        {"sentence_transformers": {"version": "4.0.1", "activation_fn": "torch.nn.modules.linear.NAME"}},
    ),
    "older": ("config.json", {"sbert_ce_default_activation_function": "torch.nn.modules.linear.NAME"}),
    "none": ("config.json", {}),
}


@pytest.fixture
def cross_encoder(make_checkpoint: Any, tmp_path: Path) -> Callable[..., Path]:
    """``cross_encoder(way, activation)``: a folder that says its activation as that version of the library does."""

    def make(way: str, activation: str = "", family: str = "bert") -> Path:
        source = make_checkpoint(family, "text-classification", num_labels=1)
        folder = Path(shutil.copytree(source, tmp_path / f"{way} {activation}".replace(" ", "-")))
        name, values = WAYS[way]
        write(folder / name, **json.loads(json.dumps(values).replace("NAME", activation)))
        if way == "sentence-transformers 5":
            kind = "sentence_transformers.base.modules.transformer.Transformer"
            (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}]))
        return folder

    return make


@pytest.mark.parametrize("activation", ["Identity", "Sigmoid"])
@pytest.mark.parametrize("way", WAYS)
def test_scores_are_those_of_cross_encoders(cross_encoder: Any, way: str, activation: str) -> None:
    folder = cross_encoder(way, activation)
    decode = Plan(ExportRequest(str(folder), ("onnx",), folder / "out")).facts()["decode"]
    expected = {"Identity": "none", "Sigmoid": "sigmoid"}[activation] if way != "none" else "sigmoid"
    assert decode == {"activation": expected}


@pytest.mark.parametrize(("activation", "family"), [("Identity", "bert"), ("Sigmoid", "xlm-roberta")])
def test_documents_are_ranked(
    cross_encoder: Any, open_session: Any, reference: Any, activation: str, family: str
) -> None:
    folder = cross_encoder("sentence-transformers 5", activation, family)
    session: Session = open_session(folder)
    logits = []
    for document in DOCUMENTS:
        batch = session.tokenizer.arrays([session.tokenizer.encode((TEXT, document))], session.names)
        logits.append(float(reference(folder, "text-classification", batch)["logits"][0, 0]))
    scores = [logit if activation == "Identity" else 1 / (1 + np.exp(-logit)) for logit in logits]
    order = sorted(range(len(DOCUMENTS)), key=lambda i: -scores[i])
    expected = [{"index": i, "score": pytest.approx(scores[i], abs=1e-5), "text": DOCUMENTS[i]} for i in order]
    assert session.answer(Question(TEXT, choices=DOCUMENTS)) == expected
    assert session.answer(Question(TEXT, choices=DOCUMENTS, top_k=2)) == expected[:2]
    (pair,) = session.answer(Question(TEXT, pair=DOCUMENTS[0]))
    assert pair["score"] == pytest.approx(scores[0], abs=1e-5)


def test_ranking_on_the_command_line(cross_encoder: Any, tmp_path: Path, capsys: Any) -> None:
    assert main(["export", str(cross_encoder("older", "Identity")), "-t", "onnx", "-o", str(tmp_path / "out")]) == 0
    bundle, rows = str(tmp_path / "out" / "onnx"), tmp_path / "rows.jsonl"
    capsys.readouterr()
    documents = [option for document in DOCUMENTS for option in ("--document", document)]
    assert main(["run", bundle, "--text", TEXT, *documents, "--json"]) == 0
    ranked = json.loads(capsys.readouterr().out)
    assert sorted(one["index"] for one in ranked) == [0, 1, 2, 3]
    rows.write_text(json.dumps({"text": TEXT, "documents": DOCUMENTS}) + "\n")
    assert main(["run", bundle, "--input", str(rows), "-o", str(tmp_path / "out.jsonl")]) == 0
    (row,) = (json.loads(line)["output"] for line in (tmp_path / "out.jsonl").read_text().splitlines())
    assert row == [{**one, "score": pytest.approx(one["score"], abs=1e-5)} for one in ranked]
    assert main(["run", bundle, "--text", TEXT, "--text-pair", OTHER, *documents]) == 2
    assert "Documents are ranked by one text" in capsys.readouterr().err


def test_what_ranks_nothing_takes_no_documents(make_checkpoint: Any, open_session: Any) -> None:
    session = open_session(make_checkpoint("bert", "text-classification"))
    with pytest.raises(UsageError, match="text-classification takes no --choice or --document"):
        session.answer(Question(TEXT, choices=DOCUMENTS))


def test_cross_encoders_that_are_not_supported(cross_encoder: Any) -> None:
    refused(UnsupportedError, "activation Tanh is not supported", cross_encoder("older", "Tanh"))
    prompted = cross_encoder("sentence-transformers 5", "Sigmoid")
    write(prompted / SETTINGS, prompts={"web": "Rank: "}, default_prompt_name="web")
    refused(UnsupportedError, "default prompt is not supported", prompted)
