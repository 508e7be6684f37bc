"""Runs a bundle in processes of their own and judges it: parity, invariance, tokenizer, quality, latency."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgelm.bundle import Bundle
from edgelm.datasets import Example
from edgelm.isolation import Child, ChildLost
from edgelm.samples import Feed
from edgelm.types import Array, Check, Target, TensorSpec, TextError
from edgelm.validate import invariance, latency, parity, quality
from edgelm.validate.replay import Replay, Replayed, steps

Outputs = Sequence[Mapping[str, Array]]
Progress = Callable[[str], None]
TIME_LIMIT_S = 900.0


@dataclass(frozen=True)
class Gates:
    """What else is asked of a bundle than to answer as its original does."""

    examples: Sequence[Example] = ()
    """Labelled; the two limits are in their metric's own unit."""
    max_drop: float | None = None
    min_metric: float | None = None
    time_limit_s: float = TIME_LIMIT_S
    """For each step of a run: loading with all feeds, the labelled examples, the timing."""


@dataclass(frozen=True)
class Expected:
    """What the outputs on every feed must be near to."""

    stored: Outputs
    """Of the graph as the bundle's scheme stores it."""
    original: Outputs | None
    """Of the fp32 original; None where it is not at hand."""
    original_name: str = "fp32 original"


@dataclass(frozen=True)
class Subject:
    """A bundle under proof, and what it is tried on."""

    bundle: Bundle
    target: Target
    feeds: Sequence[Feed]
    ids: Sequence[Sequence[int]]
    """By the source's tokenizer, of every feed's texts one after the other, not truncated."""
    outputs: Sequence[TensorSpec]
    pad_id: int
    vocab_size: int
    threads: int


@dataclass
class Proof:
    """What was found, machine after machine."""

    checks: list[Check] = field(default_factory=list)
    text_errors: list[TextError] = field(default_factory=list)
    timings: list[latency.Timing] = field(default_factory=list)
    peak_mb: float = 0.0
    ran: bool = True
    """Whether no run crashed, hung or raised."""

    @property
    def named_timings(self) -> dict[str, tuple[float, ...]]:
        """Milliseconds of every call by what was timed, as a report holds them."""
        return {f"{timing.what}, {timing.tokens} tokens": timing.times_ms for timing in self.timings}


def prove(
    subject: Subject,
    gates: Gates,
    expect: Callable[[], Expected],
    source_answers: Callable[[], quality.Answers],
    say: Progress,
) -> Proof:
    """Run the bundle on each of its target's machines and hold what it says against what is expected.

    ``expect`` is called while the bundle is being run, and ``source_answers`` while it answers the examples. A run that
    crashes, hangs or raises is a failed check.
    """
    proof = Proof()
    if subject.target.unmeasured:
        expect()
        proof.checks.append(Check.unmeasured("parity", "outputs vs the original", subject.target.unmeasured))
        return proof
    for machine, target in subject.target.machines.items():
        run = _Run(subject, gates, target, f" on {machine}" if machine else "", say, proof)
        with Child(steps, run.replay) as child:
            try:
                proof.checks.extend(run.judge(child, expect, source_answers))
            except (ChildLost, _Broken) as lost:
                proof.ran = False
                proof.checks.append(run.failure(str(lost)))
    return proof


class _Broken(Exception):  # noqa: N818  a finding, not an error of ours
    """What a runtime raised on the artifact, told."""


class _Run:
    """One run of a bundle on one machine."""

    def __init__(self, subject: Subject, gates: Gates, target: Target, on: str, say: Progress, proof: Proof) -> None:
        self.subject, self.gates, self.target, self.on, self.say, self.proof = subject, gates, target, on, say, proof
        self.is_slow = target.most_tokens is not None
        self.kept = affordable(subject.feeds, target.most_tokens)
        self.feeds = [subject.feeds[i] for i in self.kept]
        manifest = subject.bundle.manifest
        self.tolerances = target.tolerances[manifest["precision"]]
        longest = max(feed.arrays["input_ids"].shape[1] for feed in subject.feeds)
        most = max(manifest["lengths"], default=min(longest, manifest["max_length"]))
        self.variants = invariance.variants(self.feeds, subject.pad_id, most, manifest["lengths"], few=self.is_slow)
        self.batches = {id(variant.arrays): variant.arrays for variant in self.variants}

    @property
    def replay(self) -> Replay:
        """What the child is to do."""
        return Replay(
            self.subject.bundle,
            self.target,
            self.subject.threads,
            [*(feed.arrays for feed in self.feeds), *self.batches.values()],
            [text for feed in self.subject.feeds for text in feed.texts],
            () if self.is_slow else self.gates.examples,
            0 if self.target.emulated else self.subject.vocab_size,
        )

    def judge(
        self, child: Child, expect: Callable[[], Expected], source_answers: Callable[[], quality.Answers]
    ) -> Iterator[Check]:
        """Every check, in the order of the child's steps."""
        self.say(f"running the reference{self.on}")
        expected = expect()
        found: Replayed = self._next(child, f"comparing with the original{self.on}")
        yield self._tokenizer(found)
        yield from self._outputs(found, expected)
        if self.gates.examples:
            yield from self._quality(child, source_answers)
        if not self.target.emulated:
            child.ask()
            self.proof.timings += self._next(child, "timing")
            yield from latency.checks(self.proof.timings)
            yield Check.at_most("latency", "load", found.load_ms, None, "ms")
            yield Check.at_most("latency", "peak memory of the run", child.peak_mb, None, "MB")

    def failure(self, reason: str) -> Check:
        """The run is a failure as a whole."""
        return Check.failed("integrity", f"runs in its runtime{self.on}", reason)

    def _next(self, child: Child, doing: str) -> Any:
        self.say(doing)
        value = child.next(self.gates.time_limit_s, lambda: self.say(doing))
        self.proof.peak_mb = max(self.proof.peak_mb, child.peak_mb)
        if isinstance(value, Replayed) and value.failure:
            raise _Broken(value.failure)
        return value

    def _tokenizer(self, found: Replayed) -> Check:
        """The bundle's tokenizer on every text, against the source's."""
        pairs = list(zip(self.subject.ids, found.ids, strict=True))
        wrong = sum(list(ours) != list(theirs) for ours, theirs in pairs)
        return Check.at_most("integrity", f"texts tokenized otherwise than by the original{self.on}", wrong, 0)

    def _outputs(self, found: Replayed, expected: Expected) -> Iterator[Check]:
        """Parity with the graph at the bundle's precision, with the fp32 original, and invariance."""
        alone, batches = found.outputs[: len(self.feeds)], found.outputs[len(self.feeds) :]
        manifest, outputs = self.subject.bundle.manifest, self.subject.outputs
        masks = [feed.arrays["attention_mask"] for feed in self.feeds]
        if manifest["scheme"]["weights"] != "float32" or expected.original is None:
            wanted = [expected.stored[i] for i in self.kept]
            name = f"{manifest['precision']} graph{self.on}"
            yield from parity.compare(wanted, alone, masks, outputs, self.tolerances.lowering, name)
        if expected.original is not None:
            wanted = [expected.original[i] for i in self.kept]
            name = f"{expected.original_name}{self.on}"
            yield from parity.compare(wanted, alone, masks, outputs, self.tolerances.loss, name)
            self.proof.text_errors.extend(parity.text_errors(wanted, alone, masks, outputs[0]))
        by_batch = dict(zip(self.batches, batches, strict=True))
        among = [(variant, by_batch[id(variant.arrays)]) for variant in self.variants]
        yield from invariance.checks(alone, among, outputs, self.tolerances.invariance, self.on)

    def _quality(self, child: Child, source_answers: Callable[[], quality.Answers]) -> Iterator[Check]:
        """The task's metric of the source and of the artifact on the labelled examples."""
        if self.is_slow:
            yield Check.unmeasured("quality", "metric", "a labelled set takes too long on an emulated machine")
            return
        child.ask()
        source = source_answers()
        answers: quality.Answers = self._next(child, "answering the labelled examples")
        found = quality.measure(self.subject.bundle.manifest, self.gates.examples, answers, source)
        yield from quality.checks(found, self.gates.max_drop, self.gates.min_metric)


def affordable(feeds: Sequence[Feed], most_tokens: int | None) -> list[int]:
    """The places of the feeds a target takes: the padded batch first, then the shortest, up to ``most_tokens``."""
    if most_tokens is None:
        return list(range(len(feeds)))
    sizes = [feed.arrays["input_ids"].size for feed in feeds]
    order = sorted(range(len(feeds)), key=lambda i: (len(feeds[i].texts) == 1, sizes[i]))
    totals = list(itertools.accumulate(sizes[i] for i in order))
    return sorted(i for i, total in zip(order, totals, strict=True) if total <= most_tokens) or order[:1]
