"""Whatever a bundle or a text holds, a kit gives a typed error or a defined answer: no crash, no hang."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from conformance import answer_bundles, texts
from conformance.comparison import same
from conformance.driver import Driver, KitError, Reply
from edgelm.session import Question, Session

TYPES = ("BundleError", "UnsupportedError", "InputError", "RequestError")
DEEP = 100_000
FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
Manifest = dict[str, Any]
STRANGE: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**53 + 1, 10**40, 1e308, -0.5, "", "x", "\ud800", "\x00", "🦙"),
    *([], [None], [[]], {}, {"type": "x"}, {"": None}, [1, "a"]),
)


def refused(driver: Driver, op: str, **fields: Any) -> KitError:
    """The kit's typed error; its message is one line of words."""
    with pytest.raises(KitError) as raised:
        driver.ok(op, **fields)
    message = str(raised.value)
    assert raised.value.type in TYPES, message
    assert 10 < len(message.split(": ", 1)[1]) < 2000, message
    assert "\n" not in message
    return raised.value


def assert_defined(reply: Reply) -> bool:
    """The reply is an answer (true) or a typed error (false)."""
    if "ok" not in reply:
        assert reply["error"]["type"] in TYPES, reply
    return "ok" in reply


# -- bundles -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(bundle: Callable[[str], Path], tmp_path: Path) -> Path:
    """A bundle that may be spoiled."""
    place = tmp_path / "bundle"
    shutil.copytree(bundle("tagger"), place)
    return place


def rewrite(bundle: Path, change: Callable[[Manifest], Any]) -> None:
    path = bundle / "edgelm.json"
    path.write_text(json.dumps(change(json.loads(path.read_text("utf-8")))), "utf-8")


def kind_of(driver: Driver, bundle: Path) -> str | None:
    error = refused(driver, "bundle", path=str(bundle))
    assert error.type == "BundleError"
    return error.kind


def test_no_bundle(driver: Driver, tmp_path: Path) -> None:
    assert kind_of(driver, tmp_path) == "notABundle"
    assert kind_of(driver, tmp_path / "nowhere") == "notABundle"


@pytest.mark.parametrize("version", [2, 3, 1000])
def test_a_newer_schema(driver: Driver, copy: Path, version: int) -> None:
    rewrite(copy, lambda manifest: {**manifest, "schema_version": version})
    assert kind_of(driver, copy) == "newerSchema"


@pytest.mark.parametrize("version", [0, None, "1", 1.5, [], 10**400])
def test_no_schema_that_there_is(driver: Driver, copy: Path, version: Any) -> None:
    rewrite(copy, lambda manifest: {**manifest, "schema_version": version})
    kind_of(driver, copy)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden/golden.json"])
def test_a_missing_file(driver: Driver, copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert kind_of(driver, copy) == "missingFile"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden/golden.json"])
@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: b"\x01" + content[1:]])
def test_a_changed_file(driver: Driver, copy: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    (copy / name).write_bytes(change((copy / name).read_bytes()))
    assert kind_of(driver, copy) == "changedFile"


@pytest.mark.parametrize("key", ["task", "labels", "artifact", "tokenizer", "decode", "files", "max_length", "scheme"])
def test_a_missing_key(driver: Driver, copy: Path, key: str) -> None:
    rewrite(copy, lambda manifest: {name: value for name, value in manifest.items() if name != key})
    assert kind_of(driver, copy) == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"edgelm"',
        b"\xff\xfe{}",
        b'{"schema_version": 1, "task": "\xed\xa0\x80"}',
        b"{'schema_version': 1}",
        b'{"schema_version": 1,}',
        b'{"schema_version": 01}',
        b'{"schema_version": 1} trailing',
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    ],
    ids=range(14),
)
def test_a_manifest_that_is_no_manifest(driver: Driver, copy: Path, content: bytes) -> None:
    (copy / "edgelm.json").write_bytes(content)
    assert kind_of(driver, copy) in ("damaged", "notABundle")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", ".", "golden", "a\x00b", "x" * 1000])
def test_a_file_list_that_leads_elsewhere(driver: Driver, copy: Path, name: str) -> None:
    (copy.parent / "outside").write_text("x")
    rewrite(copy, lambda manifest: {**manifest, "files": {name: {"sha256": "0" * 64, "bytes": 1}}})
    kind_of(driver, copy)


def test_a_task_that_no_kit_reads(driver: Driver, copy: Path) -> None:
    rewrite(copy, lambda manifest: {**manifest, "task": "object-detection"})
    assert "object-detection" in str(unreadable(driver, copy, None))


def test_an_activation_that_no_kit_reads(driver: Driver, copy: Path, session: Callable[[str], Session]) -> None:
    rewrite(copy, lambda manifest: {**manifest, "decode": {**manifest["decode"], "words": "syllables"}})
    assert "syllables" in str(unreadable(driver, copy, session("tagger")))


def unreadable(driver: Driver, bundle: Path, session: Session | None) -> KitError:
    """The error of a bundle, when it is opened or when it is asked."""

    def ask() -> None:
        driver.ok("bundle", path=str(bundle))
        driver.ok("answer", question={"text": "a b"}, runner=session.runner if session else None)

    with pytest.raises(KitError) as raised:
        ask()
    assert raised.value.type in ("BundleError", "UnsupportedError")
    return raised.value


# -- files with anything in them ---------------------------------------------------------------------------------------


def spoiled(content: bytes, rng: random.Random) -> bytes:
    """Bytes cut off, flipped, doubled, or put in the place of others."""
    content_ = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(content_))
        kind = rng.randrange(5)
        if kind == 0:
            del content_[place : place + rng.choice((1, 2, 10, len(content_) // 2))]
        elif kind == 1:
            content_[place] = rng.randrange(256)
        elif kind == 2:
            content_[place:place] = rng.choice((b"[", b"{", b'"', b"\\u", b"\\ud83d", b"1e999", b"-", b",", b"\x00"))
        elif kind == 3:
            content_[place : place + 1] = content_[place : place + 20] * 2
        else:
            content_ = content_[:place] or bytearray(b" ")
    return bytes(content_)


def nodes(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or places; of long lists a few."""
    if isinstance(content, dict):
        items = list(content.items())[:40]
    elif isinstance(content, list):
        items = list(enumerate(content))[:4]
    else:
        return
    for key, value in items:
        yield content, key
        yield from nodes(value)


def mistyped(content: bytes, rng: random.Random) -> bytes:
    """The same JSON with one to three of its values replaced by something of another kind, or left out."""
    state = json.loads(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        container, key = rng.choice(list(nodes(state)))
        if rng.random() < 0.15 and isinstance(container, dict):
            del container[key]
        else:
            container[key] = json.loads(json.dumps(rng.choice(STRANGE)))
    return json.dumps(state).encode()


@pytest.mark.parametrize("how", [spoiled, mistyped])
@pytest.mark.parametrize("kind", ["words", "bpe-byte-fallback", "charsmap", "modernbert", "albert"])
def test_a_tokenizer_with_anything_in_it(
    driver: Driver, conformance_slice: Path, tmp_path: Path, how: Callable[..., bytes], kind: str
) -> None:
    content = (conformance_slice / "tokenizers" / kind / "tokenizer.json").read_bytes()
    path = tmp_path / "tokenizer.json"

    @FEW
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        path.write_bytes(how(content, random.Random(seed)))
        if assert_defined(driver.ask("open", tokenizer=str(path))):
            for text in ("Hello, İ 北京 [MASK] e\u0301 👩🏽‍🚀", "a  b"):
                if assert_defined(driver.ask("encode", text=text, pair="x")):
                    assert_defined(driver.ask("decode", ids=[0, 1, 5, 10**6], skip_special=True))

    check()


@pytest.mark.parametrize("how", [spoiled, mistyped])
@pytest.mark.parametrize("name", ["tagger-crf", "answers", "mask", "joint", "similarity-prompts"])
def test_a_manifest_with_anything_in_it(
    driver: Driver,
    bundle: Callable[[str], Path],
    session: Callable[[str], Session],
    tmp_path: Path,
    how: Callable[..., bytes],
    name: str,
) -> None:
    place = tmp_path / "bundle"
    shutil.copytree(bundle(name), place, ignore=shutil.ignore_patterns("report.*"))
    content = (place / "edgelm.json").read_bytes()
    mask = session(name).tokenizer.special_tokens.get("mask", "")
    outputs = session(name).manifest["artifact"]["outputs"]

    def runner(inputs: Any) -> dict[str, np.ndarray]:
        """Whatever the manifest asks for, outputs of the shapes that the model gives."""
        sizes = {"batch": 1, "length": next(iter(inputs.values())).size if inputs else 1}
        return {spec["name"]: np.zeros([sizes.get(s, s) for s in spec["shape"]], np.float32) for spec in outputs}

    @FEW
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        (place / "edgelm.json").write_bytes(how(content, random.Random(seed)))
        if assert_defined(driver.ask("bundle", path=str(place))):
            asked: Manifest = {"text": f"he lives {mask} in Paris"}
            if name == "answers":
                asked["pair"] = "a context " * 30
            assert_defined(driver.ask("answer", question=asked, runner=runner))
            assert_defined(driver.ask("selftest", repeat=1, runner=runner))

    check()


def changed_tokenizer(folder: Path, source: Path, change: Callable[[Manifest], None]) -> Path:
    state = json.loads((source / "tokenizers" / "minilm" / "tokenizer.json").read_text("utf-8"))
    change(state)
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(state), "utf-8")
    return path


@pytest.mark.parametrize("section", ["normalizer", "pre_tokenizer", "post_processor", "decoder", "model"])
def test_a_component_that_no_kit_reads(driver: Driver, conformance_slice: Path, tmp_path: Path, section: str) -> None:
    def change(state: Manifest) -> None:
        state[section] = {"type": "Wonderful"}

    path = changed_tokenizer(tmp_path, conformance_slice, change)
    error = refused(driver, "open", tokenizer=str(path))
    assert error.type == "UnsupportedError"
    assert "Wonderful" in str(error)


@pytest.mark.parametrize("pattern", ["a+b", r"\p{Lu}", "("])
def test_a_pattern_that_no_kit_reads(driver: Driver, conformance_slice: Path, tmp_path: Path, pattern: str) -> None:
    def change(state: Manifest) -> None:
        state["normalizer"] = {"type": "Replace", "pattern": {"Regex": pattern}, "content": ""}

    error = refused(driver, "open", tokenizer=str(changed_tokenizer(tmp_path, conformance_slice, change)))
    assert error.type == "UnsupportedError"
    assert pattern in str(error)


def test_dropout_is_refused(driver: Driver, conformance_slice: Path, tmp_path: Path) -> None:
    state = json.loads((conformance_slice / "tokenizers" / "roberta" / "tokenizer.json").read_text("utf-8"))
    state["model"]["dropout"] = 0.1
    (tmp_path / "tokenizer.json").write_text(json.dumps(state), "utf-8")
    assert refused(driver, "open", tokenizer=str(tmp_path / "tokenizer.json")).type == "UnsupportedError"


def test_a_tokenizer_nested_too_deep(driver: Driver, tmp_path: Path) -> None:
    """Normalizers within normalizers, and brackets for their own sake."""
    sequence = '{"type": "Sequence", "normalizers": ['
    for content in (sequence * DEEP, "[" * DEEP + "]" * DEEP):
        path = tmp_path / "tokenizer.json"
        path.write_text(f'{{"normalizer": {content}', "utf-8")
        assert refused(driver, "open", tokenizer=str(path)).type == "BundleError"


# -- texts -------------------------------------------------------------------------------------------------------------

MILLION = {
    "words": "the movie was good, " * 50_000,
    "a word": "a" * 1_000_000,
    "letters": "abcdefghij" * 100_000,
    "Chinese": "我爱北京天气很好，" * 111_112,
    "marks": "e\u0301\u0323" * 333_334,
    "emoji": "👩🏽‍🚀" * 250_000,
    "spaces": " " * 999_999 + "x",
    "special": "[MASK]<mask>" * 83_334,
}
_BY_DEFAULT = (("minilm", "words"), ("roberta", "a word"), ("xlm-roberta", "words"))
_MILLIONS = [(kind, name) for kind in ("minilm", "roberta", "xlm-roberta", "albert", "modernbert") for name in MILLION]


@pytest.mark.parametrize(
    ("kind", "name"),
    [*_BY_DEFAULT, *(pytest.param(*one, marks=pytest.mark.slow) for one in _MILLIONS if one not in _BY_DEFAULT)],
)
def test_a_million_characters(driver: Driver, conformance_slice: Path, kind: str, name: str) -> None:
    path = conformance_slice / "tokenizers" / kind / "tokenizer.json"
    driver.ok("open", tokenizer=str(path))
    (found,) = driver.ok("encode_many", texts=[MILLION[name]], brief=True)
    wanted = Tokenizer.from_file(str(path)).encode(MILLION[name])
    assert found["ids"] == wanted.ids
    assert [tuple(pair) for pair in found["offsets"]] == wanted.offsets


@pytest.mark.parametrize(
    "name", ["a word", "spaces", *(pytest.param(n, marks=pytest.mark.slow) for n in ("words", "marks"))]
)
def test_a_million_characters_in_a_session(
    driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session], name: str
) -> None:
    """Refused where it has too many tokens, unless it may be cut."""
    own, text = session("tagger"), MILLION[name]
    driver.ok("bundle", path=str(bundle("tagger")))
    reply = driver.ask("answer", question={"text": text}, runner=own.runner)
    is_short = len(own.tokenizer.encode(text).ids) <= own.manifest["max_length"]
    assert ("ok" in reply) is is_short
    assert is_short or reply["error"]["type"] == "InputError"
    answer = own.answer(Question(text, truncate=True))
    assert same(driver.ok("answer", question={"text": text, "truncate": True}, runner=own.runner), answer)


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000\x1c", *texts.LONE_SURROGATES])
def test_no_text(driver: Driver, bundle: Callable[[str], Path], text: str) -> None:
    driver.ok("bundle", path=str(bundle("tagger")))
    assert refused(driver, "answer", question={"text": text}).type == "InputError"
    driver.ok("bundle", path=str(bundle("answers")))
    assert refused(driver, "answer", question={"text": "who?", "pair": text}).type == "InputError"
    driver.ok("bundle", path=str(bundle("choices")))
    assert refused(driver, "answer", question={"text": "a", "choices": ["b", text]}).type == "InputError"


def test_half_a_character_among_many_texts(driver: Driver, conformance_slice: Path) -> None:
    """It is the error of its own text alone."""
    driver.ok("open", tokenizer=str(conformance_slice / "tokenizers" / "minilm" / "tokenizer.json"))
    first, second, third = driver.ok("encode_many", texts=["a b", "\ud83d", "a b"], brief=True)
    assert second["error"]["type"] == "InputError"
    assert first == third
    assert first["offsets"] == [[0, 0], [0, 1], [2, 3], [0, 0]]


def test_an_answer_without_its_question(driver: Driver, bundle: Callable[[str], Path]) -> None:
    driver.ok("bundle", path=str(bundle("classifier")))
    assert refused(driver, "finish", outputs=[]).type in ("RequestError", "InputError")


def test_no_mask(driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session]) -> None:
    driver.ok("bundle", path=str(bundle("mask")))
    with pytest.raises(KitError, match="MASK") as raised:
        driver.ok("answer", question={"text": "nothing to fill"}, runner=session("mask").runner)
    assert raised.value.type == "InputError"


def test_an_unknown_aggregation(
    driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session]
) -> None:
    driver.ok("bundle", path=str(bundle("tagger")))
    with pytest.raises(KitError) as raised:
        driver.ok("answer", question={"text": "a", "aggregation": "median"}, runner=session("tagger").runner)
    assert raised.value.type in ("InputError", "RequestError")


# -- requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"hello",
        b"[]",
        b"null",
        b"{}",
        b'{"id": 1}',
        b'{"id": 1, "op": "fly"}',
        b'{"id": 1, "op": 5}',
        b'{"id": 1, "op": "encode"}',
        b'{"id": 1, "op": "encode", "text": 5}',
        b'{"id": 1, "op": "encode", "text": "a", "pair": []}',
        b'{"id": 1, "op": "encode_many", "texts": "a"}',
        b'{"id": 1, "op": "open", "tokenizer": {}}',
        b'{"id": 1, "op": "bundle"}',
        b'{"id": 1, "op": "answer", "question": "text"}',
        b'{"id": 1, "op": "answer", "question": {"text": ["a"]}}',
        b'{"id": 1, "op": "answer", "question": {"text": "a", "top_k": "many"}}',
        b'{"id": 1, "op": "decode", "ids": ["a"], "skip_special": true}',
        b'{"id": 1, "op": "cut", "text": "a", "max_length": "long"}',
        b"[" * DEEP,
        b'{"id": 1, "op": "encode", "text": "\xff\xfe"}',
    ],
    ids=range(22),
)
def test_a_request_that_is_none(driver: Driver, bundle: Callable[[str], Path], line: bytes) -> None:
    path = bundle("tagger")
    driver.ok("open", tokenizer=str(path / "tokenizer.json"))
    driver.ok("bundle", path=str(path))
    reply = driver.raw(line)
    assert reply["error"]["type"] == "RequestError", reply
    assert driver.ok("open", tokenizer=str(path / "tokenizer.json")) is True
    assert driver.ok("decode", ids=[], skip_special=True) == ""


@pytest.mark.parametrize("ids", [[-1], [10**9], [2**31], [2**63], [10**30], [0, -5, 3]])
def test_ids_that_no_token_has(driver: Driver, conformance_slice: Path, ids: list[int]) -> None:
    driver.ok("open", tokenizer=str(conformance_slice / "tokenizers" / "minilm" / "tokenizer.json"))
    assert_defined(driver.ask("decode", ids=ids, skip_special=False))


@pytest.mark.parametrize("length", [-1, 0, 1, 2, 2**31, 10**15])
def test_lengths_that_leave_no_room(driver: Driver, conformance_slice: Path, length: int) -> None:
    driver.ok("open", tokenizer=str(conformance_slice / "tokenizers" / "minilm" / "tokenizer.json"))
    assert_defined(driver.ask("cut", text="a b c", max_length=length))
    fields = {"question": "who", "context": "a b c " * 20, "length": length}
    for stride in (-1, 0, 5, 10**12):
        assert_defined(driver.ask("windows", **fields, doc_stride=stride))


def test_bundles_are_what_the_kits_were_asked_about() -> None:
    """Every task has a bundle, so nothing above is about fewer than there are."""
    heads = {spec.head for spec in answer_bundles.SPECS.values()}
    assert heads == {"classifier", "joint", "qa_outputs", "choice", "mask", None}
