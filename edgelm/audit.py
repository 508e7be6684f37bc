"""Proves a finished bundle again: against its source, against its own golden files, or in another runtime."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import edgelm
from edgelm import golden, machine, pipeline, registry
from edgelm.bundle import MANIFEST, Bundle
from edgelm.calibrate import MOST_RETURNED
from edgelm.checkpoint import BUILTINS, Prompts
from edgelm.errors import ParityError, ToolchainError, UsageError
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.samples import Feed
from edgelm.source import Source, form_of, shipped_graph
from edgelm.tokenizer import TextTokenizer
from edgelm.types import Check, Report, Scheme, Target, TensorSpec, Verdict
from edgelm.validate import integrity, latency, original, quality, size
from edgelm.validate.diff import Comparison
from edgelm.validate.proof import TIME_LIMIT_S, Expected, Gates, Subject, prove

Progress = Callable[[str], None]
_MOST_TRACED_TOKENS = 128
"""Of the feed that is spread over the vocabulary; all that is computed on the way is kept."""


@dataclass(frozen=True)
class AuditRequest:
    """What `edgelm validate` was asked for."""

    bundle: Path
    model: str | None = None
    """What the bundle was exported from; None: a built-in model of that name, else the golden files alone."""
    revision: str | None = None
    samples: Path | None = None
    evaluation: Path | None = None
    max_drop: float | None = None
    min_metric: float | None = None
    runtime: str | None = None
    """``NAME==VERSION`` of a distribution, to run the bundle in instead of the installed runtime."""
    hugging_face: bool = False
    """Take Hugging Face's own module as the original, not edgelm's graph of it."""
    threads: int = 0
    time_limit_s: float = TIME_LIMIT_S


class Audit:
    """A bundle and what it is held against; all that can be refused is refused when it is made."""

    def __init__(self, request: AuditRequest, say: Progress) -> None:
        self.request, self.say = request, say
        self.bundle = Bundle.open(request.bundle)
        self.target = registry.target(self.bundle.manifest["target"])
        if request.runtime:
            self.target = self.target.in_runtime(request.runtime)
        self.scheme = _scheme(self.bundle, self.target)
        self.threads = request.threads or machine.usual_threads()
        say("reading the checkpoint")
        self.ground = _ground(request, self.bundle, self.target, say)
        if request.runtime:
            self.target.install(say)
        else:
            registry.require([self.target])

    def run(self) -> Report:
        """Every check there is; the bundle is left as it is."""
        started, manifest, ground = time.perf_counter(), self.bundle.manifest, self.ground
        checks = [integrity.digests(self.bundle), *ground.checks()]
        proof = prove(ground.subject(self.threads), ground.gates, ground.expected, ground.answers, self.say)
        if proof.ran and not self.request.runtime:
            proof.checks.extend(ground.operators(self.threads))
        return Report(
            target=manifest["target"],
            model=manifest["model"],
            task=manifest["task"],
            precision=manifest["precision"],
            scheme=self.scheme.name,
            bundle=str(self.bundle.path),
            checks=(*checks, *proof.checks, *size.checks(self.bundle)),
            notes=(self.scheme.note, *pipeline.emulation_note(self.target)),
            facts={
                "edgelm": edgelm.__version__,
                "runtime": self.target.versions,
                **machine.facts(),
                "threads": self.threads,
                **ground.facts(),
                "seconds in all": round(time.perf_counter() - started, 2),
                "peak memory of the run, MB": round(proof.peak_mb),
            },
            request=pipeline.recorded(self.request, AuditRequest(Path()), always="bundle"),
            text_errors=tuple(proof.text_errors),
            timings=proof.named_timings,
        )


class _Ground(Protocol):
    """What a bundle is held against."""

    @property
    def gates(self) -> Gates: ...
    def checks(self) -> Iterator[Check]:
        """What can be said without running the bundle."""

    def subject(self, threads: int) -> Subject: ...
    def expected(self) -> Expected: ...
    def answers(self) -> quality.Answers: ...
    def operators(self, threads: int) -> Iterator[Check]:
        """What the artifact computes on the way to its outputs."""

    def facts(self) -> dict[str, Any]: ...


def _scheme(bundle: Bundle, target: Target) -> Scheme:
    """What the manifest says of its precision; UsageError where nothing can be held against that."""
    manifest = bundle.manifest
    scheme = bundle.scheme
    if manifest["precision"] not in registry.converter_of(target).precisions:
        raise UsageError(
            f"{bundle.path / MANIFEST} has a precision that {target.name} has not: {manifest['precision']!r}.",
            hint="Export it again.",
        )
    return scheme


def _ground(request: AuditRequest, bundle: Bundle, target: Target, say: Progress) -> _Ground:
    """The model that was named, or the built-in one of the manifest's name; else the bundle's own golden files."""
    model, manifest = request.model or bundle.manifest["source"]["name"], bundle.manifest
    if request.model or model in BUILTINS:
        try:
            source = Source(
                model,
                request.revision,
                manifest["task"],
                manifest["max_length"],
                manifest["lengths"],
                request.samples,
                pooling=_pooling(manifest),
                prompts=_prompts(manifest),
            )
            return _OriginalGround(request, bundle, target, source, say)
        except ToolchainError:  # the built-in model's package is not installed
            if request.model:
                raise
    asked = {"--eval": request.evaluation, "--samples": request.samples, "--reference": request.hugging_face}
    for option, value in asked.items():
        if value:
            raise UsageError(f"{option} needs the model the bundle was exported from.", hint="Pass --against MODEL.")
    return _GoldenGround(request, bundle, target)


def _pooling(manifest: Mapping[str, Any]) -> Any:
    """How a plain encoder was pooled, which nothing but the bundle says."""
    modes = (manifest.get("pooling") or {}).get("modes") or [None]
    return modes[0]


def _prompts(manifest: Mapping[str, Any]) -> Prompts | None:
    """The prompts that the export was given, where the model has none of its own."""
    found = manifest.get("prompts")
    return Prompts(found.get("texts") or {}, found.get("default")) if isinstance(found, Mapping) else None


class _OriginalGround:
    """The checkpoint a bundle was exported from."""

    def __init__(self, request: AuditRequest, bundle: Bundle, target: Target, source: Source, say: Progress) -> None:
        self.request, self.bundle, self.target, self.source, self.say = request, bundle, target, source, say
        self.form = form_of(bundle)
        integrity.check_calibration(bundle, source.graph, self.form)
        self.gates = pipeline.gates(
            source, request.evaluation, request.max_drop, request.min_metric, request.time_limit_s
        )

    def checks(self) -> Iterator[Check]:
        """Manifest, signature, tokenizer and golden files are what the source says."""
        yield integrity.manifest(self.bundle, self._expected_manifest())
        cases = golden.read(self.bundle.path)
        yield integrity.signature(self.bundle, self.source.names, self.source.outputs, cases[0].inputs if cases else {})
        yield integrity.tokenizer(self.bundle, self.source.tokenizer)
        if self.request.hugging_face:
            texts = [text for feed in self.source.feeds for text in feed.texts]
            theirs = original.tokens(self.source.model.checkpoint.path, texts, self.say)
            yield integrity.tokens(texts, self.source.tokenizer, theirs)
        inputs = [self.source.arrays(case.text) for case in cases]
        graph = shipped_graph(self.source.graph, self.form)
        yield integrity.weights(self.bundle, graph)
        run = Interpreter(graph)
        lowering = self.target.tolerances[self.bundle.manifest["precision"]].lowering
        yield integrity.golden_tolerance(self.bundle, lowering)
        yield from integrity.golden(cases, inputs, [run(arrays) for arrays in inputs], self.source.outputs, lowering)

    def subject(self, threads: int) -> Subject:
        """The bundle on the source's sample texts."""
        return pipeline.subject(self.source, self.bundle, self.target, threads)

    def expected(self) -> Expected:
        """By edgelm's graph of the source, or by Hugging Face's own module where that is asked for."""
        stored = self.source.stored_reference(self.form)
        if not self.request.hugging_face:
            return Expected(stored, self.source.reference)
        feeds = [feed.arrays for feed in self.source.feeds]
        path, pooling = self.source.model.checkpoint.path, self.source.model.pooling
        return Expected(stored, *original.outputs(path, self.source.task, feeds, self.say, pooling))

    def answers(self) -> quality.Answers:
        """Of the source, on the labelled examples."""
        return pipeline.source_answers(self.source, self.bundle, self.gates)

    def operators(self, threads: int) -> Iterator[Check]:
        """Each against its own roundings, which in int8 are far below what all of them add up to at the outputs."""
        if self.target.unmeasured or not self.target.shows_values:
            return
        comparison = Comparison(self.bundle, self.source, (), threads)
        comparison.feeds = self._traced_feeds()
        name = f"operators that leave the {self.bundle.manifest['precision']} graph"
        try:
            found = comparison.operators(self.say)
        except ParityError as error:
            yield Check.failed("parity", name, error.message)
            return
        if found.verdict is Verdict.UNMEASURED:
            yield Check.unmeasured("parity", name, f"of {found.operators} the artifact shows {found.shown}")
            return
        wrong = [one.title for one in found.findings if one.verdict is Verdict.FAIL]
        yield replace(Check.at_most("parity", name, len(wrong), 0), reason=", ".join(wrong[:3]))

    def _traced_feeds(self) -> list[Feed]:
        """The first text, the last pair, a padded batch, and ids from all over the vocabulary, which no texts reach."""
        feeds, size = self.source.feeds, min(self.source.max_length, _MOST_TRACED_TOKENS)
        pairs = [feed for feed in feeds if not isinstance(feed.texts[0], str)]
        batches = [feed for feed in feeds if len(feed.texts) > 1]
        spread = latency.model_feed(self.source.names, size, self.source.model.encoder.vocab_size)
        return [feeds[0], *pairs[-1:], *batches, Feed("all over the vocabulary", ("",), dict(spread))]

    def _expected_manifest(self) -> dict[str, Any]:
        """What follows from the source; what the model is called does not: a folder may be renamed."""
        facts, manifest = self.source.facts(), self.bundle.manifest
        tokenizer, name = asdict(self.source.tokenizer.facts), manifest["source"].get("name")
        scheme = registry.converter_of(self.target).precisions[manifest["precision"]]
        return {
            **facts,
            "model": name,
            "source": {**facts["source"], "name": name},
            "scheme": {**asdict(scheme), "note": self.form.scheme.note, "float_tensors": self._float_tensors()},
            "tokenizer": {**tokenizer, "files": list(tokenizer["files"])},
        }

    def _float_tensors(self) -> list[str]:
        """Those of the manifest that a calibration can have returned: linear weights, and no more of them than it may.

        Which of them a calibration returned is not to be seen from the source; the artifact must hold each as it is,
        by the checks of its weights and of its operators.
        """
        scheme = self.form.scheme
        graph = rewrites.apply(self.source.graph, self.form.rewrites)
        linears = quantize.quantized_linears(graph, replace(scheme, float_tensors=()))
        sizes = [(node.inputs[1], math.prod(map(int, graph[node.inputs[1]].shape))) for node in linears]
        kept = [name for name in scheme.float_tensors if name in {name for name, _ in sizes}]
        returned = sum(size for name, size in sizes if name in kept)
        is_few = scheme.is_static and returned <= MOST_RETURNED * sum(size for _, size in sizes)
        return kept if is_few else []

    def facts(self) -> dict[str, Any]:
        """The source and the texts."""
        return pipeline.source_facts(self.source)


class _GoldenGround:
    """The bundle's own golden files, where the source is not at hand."""

    def __init__(self, request: AuditRequest, bundle: Bundle, target: Target) -> None:
        self.bundle, self.target = bundle, target
        self.gates = Gates(time_limit_s=request.time_limit_s)
        self.tokenizer = TextTokenizer.from_bundle(bundle.path, bundle.manifest["tokenizer"])

    @cached_property
    def cases(self) -> list[golden.Case]:
        """Read once."""
        return golden.read(self.bundle.path)

    def checks(self) -> Iterator[Check]:
        """That the original is missing is never green."""
        reason = "the model it was exported from is not at hand: pass --against MODEL"
        yield Check.unmeasured("parity", "outputs vs the fp32 original", reason)

    def subject(self, threads: int) -> Subject:
        """The bundle on its golden texts."""
        manifest = self.bundle.manifest
        feeds = [
            Feed(f"golden {i}", (case.text,), {name: array.astype(np.int32) for name, array in case.inputs.items()})
            for i, case in enumerate(self.cases)
        ]
        outputs = [TensorSpec(**{**spec, "shape": tuple(spec["shape"])}) for spec in manifest["artifact"]["outputs"]]
        pad_id = manifest["tokenizer"]["special_ids"].get("pad", 0)
        words = self.tokenizer.tokenizer.get_vocab_size()
        return Subject(
            self.bundle, self.target, feeds, list(map(self._ids, self.cases)), outputs, pad_id, words, threads
        )

    def expected(self) -> Expected:
        """The golden outputs, which are the graph's at the bundle's precision."""
        return Expected([case.outputs for case in self.cases], None)

    def answers(self) -> quality.Answers:
        """There are no labelled examples without a source."""
        raise UsageError("--eval needs the model the bundle was exported from.", hint="Pass --against MODEL.")

    def operators(self, threads: int) -> Iterator[Check]:  # noqa: ARG002
        """None: without the source nothing says what they should compute."""
        yield from ()

    def facts(self) -> dict[str, Any]:
        """The texts."""
        return {"texts": f"the bundle's {len(self.cases)} golden ones"}

    def _ids(self, case: golden.Case) -> list[int]:
        """The golden ids of a text; of one that was cut, the whole text's, for the rest of it was not kept."""
        ids: list[int] = case.inputs["input_ids"][0].tolist()
        return ids if len(ids) < self.bundle.manifest["max_length"] else self.tokenizer.encode(case.text).ids
