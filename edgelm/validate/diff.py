"""Holds a bundle against the model it was exported from: text by text, or operator by operator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from edgelm import registry
from edgelm.bundle import Bundle
from edgelm.checkpoint import open_checkpoint
from edgelm.errors import EdgelmError, ParityError, UsageError
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.isolation import Child, ChildLost
from edgelm.samples import Feed
from edgelm.source import Source, form_of, shipped_graph
from edgelm.tokenizer import Text, cut
from edgelm.types import Array, Check, Dim, Target, Tensors, TextError
from edgelm.validate import integrity, parity
from edgelm.validate.bisect import LIMITS, Bisection, Rounding, bisect
from edgelm.validate.proof import affordable

Progress = Callable[[str], None]
TIME_LIMIT_S = 900.0
_MOST_TRACE_BYTES = 256 << 20
"""Of all values of one feed; a long text's attention scores alone may be gigabytes."""
_BYTES = 4
"""A value takes: float32 or int32."""


@dataclass(frozen=True)
class Answer:
    """How far one output is from the fp32 original's on one text."""

    feed: str
    text: Text
    output: str
    error: TextError


@dataclass(frozen=True)
class OutputDiff:
    """The outputs on every text, and the checks over all of them."""

    answers: tuple[Answer, ...]
    checks: tuple[Check, ...]


def open_source(bundle: Bundle, model: str, revision: str | None) -> Source:
    """The model a bundle was exported from, read for the bundle's task; UsageError for any other model."""
    manifest = bundle.manifest
    exported = manifest["source"]
    found = open_checkpoint(model, revision)
    if found.digest != exported["digest"]:
        raise UsageError(
            f"{model} is not what {bundle.path} was exported from: its digest is {found.digest[:12]}, "
            f"that of {exported['name']} was {exported['digest'][:12]}.",
            hint="Name that model, at the revision it was exported at.",
        )
    return Source(model, revision, manifest["task"], manifest["max_length"], manifest["lengths"])


class Comparison:
    """A bundle beside its source, and the texts both are tried on: those given, or the built-in sample."""

    def __init__(self, bundle: Bundle, source: Source, texts: Sequence[Text], threads: int) -> None:
        manifest = bundle.manifest
        self.bundle, self.source, self.threads = bundle, source, threads
        self.target = registry.target(manifest["target"])
        registry.require([self.target])
        form = form_of(bundle)
        integrity.check_calibration(bundle, source.graph, form)
        self.scheme = form.scheme
        self.graph = shipped_graph(source.graph, form)
        self.feeds = _feeds(source, texts) if texts else source.feeds

    def outputs(self, say: Progress) -> OutputDiff:
        """Every output on every text, run as an app would run it."""
        kept = affordable(self.feeds, self.target.most_tokens)
        feeds = [self.feeds[i].arrays for i in kept]
        texts = [(self.feeds[i].name, text) for i in kept for text in self.feeds[i].texts]
        say("running the bundle")
        actual: list[dict[str, Array]] = self._in_child(_outputs, feeds)
        say("running the reference")
        original = _run_all(self.source.graph, feeds)
        masks = [feed["attention_mask"] for feed in feeds]
        precision, outputs = self.bundle.manifest["precision"], self.source.outputs
        tolerances = self.target.tolerances[precision]
        checks = parity.compare(original, actual, masks, outputs, tolerances.loss, "fp32 original")
        if self.scheme.weights != "float32":
            stored = _run_all(self.graph, feeds)
            checks += parity.compare(stored, actual, masks, outputs, tolerances.lowering, f"{precision} graph")
        answers = (
            Answer(name, text, spec.name, error)
            for spec in outputs
            for (name, text), error in zip(texts, parity.text_errors(original, actual, masks, spec), strict=True)
        )
        return OutputDiff(tuple(answers), tuple(checks))

    def operators(self, say: Progress) -> Bisection:
        """Every operator of the graph that was shipped; see ``bisect``."""
        say("comparing operator by operator")
        rows = dict(_rows(self.feeds, batched=self._is_batched))
        kept = {name: row for name, row in rows.items() if _trace_bytes(self.graph, row) <= _MOST_TRACE_BYTES}
        smallest = min(rows, key=lambda name: rows[name]["input_ids"].size)
        feeds = kept or {smallest: rows[smallest]}
        found: Bisection = self._in_child(_operators, self.graph, feeds, self._rounding)
        return found

    @property
    def _rounding(self) -> Rounding:
        """By the scheme; an artifact that computes in float16 around its integers rounds to it as well."""
        by_scheme = LIMITS[self.scheme.activations]
        half = self.bundle.manifest["artifact"]["details"].get("compute") == "fp16"
        return replace(LIMITS["float16"], steps=by_scheme.steps) if half else by_scheme

    @property
    def _is_batched(self) -> bool:
        return self.bundle.inputs[0].shape[0] != 1

    def _in_child(self, work: Callable[..., Any], *arguments: object) -> Any:
        """What the work says in a process of its own; ParityError when it crashes, hangs or raises."""
        with Child(_steps, work, self.bundle, self.target, self.threads, *arguments) as child:
            try:
                return child.next(TIME_LIMIT_S)
            except ChildLost as lost:
                raise ParityError(f"{self.target.name} does not run {self.bundle.path}: {lost}.") from None


def _steps(work: Callable[..., Any], bundle: Bundle, target: Target, threads: int, *arguments: object) -> Iterator[Any]:
    """The work as the one step of a child."""
    with registry.toolchain_of(target):
        yield work(target, bundle, threads, *arguments)


def _outputs(target: Target, bundle: Bundle, threads: int, feeds: Sequence[Tensors]) -> list[dict[str, Array]]:
    with _runtime(target, bundle):
        runner = target.load(bundle.path, bundle.manifest, threads)
        return [runner(feed) for feed in feeds]


def _operators(
    target: Target, bundle: Bundle, threads: int, graph: Graph, feeds: Mapping[str, Tensors], rounding: Rounding
) -> Bisection:
    names = {name for node in graph.nodes for name in node.outputs}
    with _runtime(target, bundle):
        runner = target.trace(bundle.path, bundle.manifest, threads, names)

    def trace(feed: Tensors) -> dict[str, Array]:
        with _runtime(target, bundle):
            return runner(feed)

    return bisect(graph, trace, feeds, rounding)


@contextmanager
def _runtime(target: Target, bundle: Bundle) -> Iterator[None]:
    """ParityError in place of whatever a runtime raises on an artifact: then the artifact is faulty."""
    try:
        yield
    except (ImportError, EdgelmError):
        raise
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")[:300]
        raise ParityError(f"{target.name} does not run {bundle.path}: {type(error).__name__}: {reason}.") from error


def _run_all(graph: Graph, feeds: Sequence[Tensors]) -> list[dict[str, Array]]:
    run = Interpreter(graph)
    return [run(feed) for feed in feeds]


def _feeds(source: Source, texts: Sequence[Text]) -> list[Feed]:
    """Each text by itself, cut to the bundle's length."""
    encodings = [cut(source.tokenizer, text, source.max_length) for text in texts]
    return [
        Feed(f"text {i}", (text,), source.tokenizer.arrays([encoding], source.names))
        for i, (text, encoding) in enumerate(zip(texts, encodings, strict=True))
    ]


def _rows(feeds: Sequence[Feed], *, batched: bool) -> Iterator[tuple[str, Tensors]]:
    """What the artifact takes at once: a whole feed, or one row of it."""
    for feed in feeds:
        if batched or len(feed.texts) == 1:
            yield feed.name, feed.arrays
        else:
            for i in range(len(feed.texts)):
                yield f"{feed.name}, row {i}", {name: array[i : i + 1] for name, array in feed.arrays.items()}


def _trace_bytes(graph: Graph, feed: Tensors) -> int:
    """Of all values of the graph for that feed."""
    sizes: dict[Dim, Dim] = dict(zip((BATCH, LENGTH), feed["input_ids"].shape, strict=True))
    shapes = [graph[name].shape for node in graph.nodes for name in node.outputs]
    return _BYTES * sum(math.prod(int(sizes.get(size, size)) for size in shape) for shape in shapes)
