"""The answer cases: what a bundle answers to questions when its model gives outputs that were drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conformance import texts
from conformance.driver import encoded
from edgelm.bundle import Bundle
from edgelm.decode import AGGREGATIONS
from edgelm.errors import UsageError
from edgelm.session import Question, Session
from edgelm.tokenizer import TextTokenizer

Case = dict[str, Any]
Asked = dict[str, Any]
"""The fields of a question, as the protocol has them."""
Drawn = dict[str, np.ndarray]
_DIGITS = 9
"""To which expected scores are rounded, for the last digits are the machine's; a kit is held to six."""
_ERROR = {"type": "InputError"}
_TEXTS = (
    "The movie was great, not boring: he lives in Paris and loves London!",
    "我在北京，她在上海。中国的天气很好，我不喜欢电影！",
    "Zoë loves 北京, really... Flugzeugträger was un-good ☃ x",
    "İstanbul 👩🏽‍🚀 e\u0301 ﬁ ½ don't",
    "x",
    "John Smith , New-York , U.S.A",
)
_LONG = "a long text of many words, which no bundle of this set can read whole. " * 8
_MASKED = (
    "the {mask} was good",
    "{mask}",
    "the movie was {mask}, not {mask}!",
    "我 {mask} 北京",
)
_CONTEXTS = (
    ("who?", "The film was written by Harper Lee in 1960."),
    ("天气？", "今天天气很好，我们去公园吧！"),
    ("where does he live?", "He lives in Paris and loves London, Łódź and İstanbul. " * 6),
    ("what", "naïve café ﬁ ½ 👩🏽‍🚀 end " * 9),
)
_REFUSED: tuple[Asked, ...] = (
    {"text": ""},
    {"text": " \t\n"},
    {"text": "\u3000\x1c"},
    {"text": "half \ud83d"},
    {"text": _LONG},
    {"text": "a", "prompt": "none of the kind"},
)
"""By every task, for one reason or another."""


def cases(bundle: Path, relative: str, *, every: bool) -> Iterator[Case]:
    """Everything that is asked of one bundle; with ``every``, of more outputs than two."""
    opened = Bundle.open(bundle)
    manifest = opened.manifest
    tokenizer = TextTokenizer.from_bundle(bundle, manifest["tokenizer"])
    session = Session(opened, tokenizer, lambda _: {})
    rng = np.random.default_rng(sum(bundle.name.encode()))
    yield {
        "request": {"op": "bundle", "path": relative},
        "expect": {"task": manifest["task"], "precision": manifest["precision"]},
    }
    draws = (_spread, _spread, _even, _steep) if every else (_spread, _steep)
    for asked in (*_questions(session), *_refused(manifest["task"])):
        yield from _answered(session, asked, draws, rng)


def _questions(session: Session) -> Iterator[Asked]:
    task = session.manifest["task"]
    if task == "text-classification" and len(session.manifest["labels"]) == 1:
        yield from _ranked()
    if task in ("text-classification", "fill-mask"):
        yield from ({**asked, "top_k": k} for asked in _plain(session) for k in (None, 1, 2, 50))
        yield {"text": _LONG + (session.tokenizer.special_tokens.get("mask") or ""), "truncate": task != "fill-mask"}
    elif task == "token-classification":
        yield from ({"text": text, "aggregation": how} for text in _TEXTS for how in AGGREGATIONS)
        yield {"text": _LONG, "truncate": True}
    elif task == "question-answering":
        yield from ({"text": text, "pair": pair, "top_k": k} for text, pair in _CONTEXTS for k in (None, 1, 3, 20))
        yield {"text": _LONG, "pair": "context"}
    elif task == "multiple-choice":
        yield from ({"text": text, "choices": list(_TEXTS[:n])} for text in _TEXTS for n in (2, 3, 5))
        yield {"text": "a", "choices": ["b", "c", "d"], "top_k": 2}
        yield {"text": "a", "choices": ["b", _LONG], "truncate": True}
    elif task == "sentence-similarity":
        prompts = (session.manifest["prompts"] or {"texts": {}})["texts"]
        yield from ({**asked, "prompt": name} for asked in _plain(session) for name in (None, *prompts))
    else:
        yield from _plain(session)


def _plain(session: Session) -> Iterator[Asked]:
    """Texts and, where the task takes them, pairs; with masks where it fills them."""
    task = session.manifest["task"]
    mask = session.tokenizer.special_tokens.get("mask", "")
    found = [text.format(mask=mask) for text in _MASKED] if task == "fill-mask" else _TEXTS
    yield from ({"text": text} for text in found)
    if task != "intent-and-slots":
        yield {"text": found[0], "pair": found[1]}
        yield {"text": found[2], "pair": "x"}


def _ranked() -> Iterator[Asked]:
    for count in (1, 2, 6):
        yield {"text": "who wrote it?", "choices": list(_TEXTS[:count])}
    yield {"text": "天气", "choices": list(_TEXTS), "top_k": 2}
    yield {"text": "q", "choices": [_LONG, "b"], "truncate": True}
    yield {"text": "q", "pair": "p", "choices": ["a", "b"]}


def _refused(task: str) -> Iterator[Asked]:
    beside: Asked = {}
    if task == "question-answering":
        beside = {"pair": "a context"}
        yield {"text": "no context"}
    if task == "multiple-choice":
        beside = {"choices": ["b", "c"]}
        yield {"text": "a", "choices": ["only one"]}
        yield {"text": "a", "choices": ["b", " "]}
    if task in ("text-classification", "question-answering", "sentence-similarity", "feature-extraction"):
        yield {"text": "a", "pair": ""}
        yield {"text": "a", "pair": texts.LONE_SURROGATES[0]}
    if task in ("token-classification", "intent-and-slots"):
        yield {"text": "a", "pair": "b"}
    if task not in ("multiple-choice", "text-classification"):
        yield {"text": "a", **beside, "choices": ["b", "c"]}
    if task in ("token-classification", "feature-extraction", "sentence-similarity"):
        yield {"text": "a", "top_k": 2}
    yield from ({**beside, **asked} for asked in _REFUSED)


def _answered(session: Session, asked: Asked, draws: Sequence[Any], rng: np.random.Generator) -> Iterator[Case]:
    """What the model is to be run on, and the answers to several drawn outputs for it."""
    given = {key: tuple(value) if key == "choices" else value for key, value in asked.items()}
    question = Question(**given)
    request = {"op": "prepare", "question": asked}
    try:
        rows = session.rows(question, session.tokenizer.encode_batch(session.texts(question)))
    except UsageError:
        yield {"request": request, "error": _ERROR}
        return
    inputs = [_inputs(session, row) for row in rows]
    yield {"request": request, "expect": {"rows": inputs}}
    for draw in draws:
        outputs = [_outputs(session, len(row.ids), draw, rng) for row in rows]
        split = [session.split([row], found)[0] for row, found in zip(rows, outputs, strict=True)]
        request = {"op": "finish", "outputs": [encoded(found) for found in outputs]}
        yield {"request": request, "expect": _rounded(session.decode(question, rows, split))}


def _inputs(session: Session, row: Any) -> dict[str, Any]:
    arrays = session.tokenizer.arrays([row], session.names, dtypes=session._dtypes)
    return {
        name: {"dtype": array.dtype.name, "shape": list(array.shape), "data": array.ravel().tolist()}
        for name, array in arrays.items()
    }


def _outputs(session: Session, length: int, draw: Any, rng: np.random.Generator) -> Drawn:
    sizes = {"batch": 1, "length": length}
    specs: Sequence[Mapping[str, Any]] = session.manifest["artifact"]["outputs"]
    return {spec["name"]: draw(rng, [sizes.get(size, size) for size in spec["shape"]]) for spec in specs}


def _spread(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Multiples of 1/512 up to 8, which float32 holds exactly; some are equal."""
    return (rng.integers(-4096, 4097, shape) / 512).astype(np.float32)


def _even(_: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """All equal: what comes first is best."""
    return np.full(shape, 0.25, np.float32)


def _steep(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Up to 2,000: no exponential of it is finite."""
    return (rng.integers(-20, 21, shape) * 100).astype(np.float32)


def _rounded(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: _rounded(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_rounded(value) for value in answer]
    return round(answer, _DIGITS) if isinstance(answer, float) else answer
