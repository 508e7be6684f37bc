"""From a checkpoint to bundles with reports: plan everything first, then build and measure target by target."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import edgelm
from edgelm import calibrate, golden, machine, registry, report
from edgelm.bundle import MANIFEST, Bundle, check_replaceable, publish, staging, write_manifest
from edgelm.checkpoint import PoolingMode, Prompts
from edgelm.compress import lineage
from edgelm.datasets import read_examples
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.graph import rewrites
from edgelm.graph.ir import Graph
from edgelm.isolation import Child, ChildLost
from edgelm.programs import Program, open_program
from edgelm.session import Session
from edgelm.source import SIMILARITY, Form, Source, runner_of, shipped_graph
from edgelm.types import (
    Artifact,
    Check,
    Checkpoint,
    Converter,
    ConvertRequest,
    OnnxConverter,
    Report,
    Scheme,
    Target,
    Verdict,
)
from edgelm.validate import quality, size
from edgelm.validate.proof import TIME_LIMIT_S, Expected, Gates, Proof, Subject, prove

AUTO = "auto"
"""The precision that stands for all of a target's, of which the fastest that passes is kept."""
Progress = Callable[[str, str], None]
"""Called with the target's name and what is done for it now."""


_UNSTEADY = "dynamic_tensor_asymmetric"
_UNSTEADY_REASON = "for a text's answer moves with what it is batched with"


@dataclass(frozen=True)
class ExportRequest:
    """What `edgelm export` was asked for."""

    model: str
    targets: tuple[str, ...]
    output: Path
    task: str = "auto"
    pooling: PoolingMode | None = None
    """Of a plain encoder that is used for similarity; None: the mean."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """By name, what an embedder that has none of its own reads before a text, and which of them by default."""
    default_prompt: str | None = None
    precision: str | None = None
    max_length: int | None = None
    lengths: tuple[int, ...] = ()
    samples: Path | None = None
    calibration: Path | None = None
    """Texts that int8 ranges are found on; None: the built-in sample."""
    options: Mapping[str, str] = field(default_factory=dict)
    without_rewrites: tuple[str, ...] = ()
    threads: int = 0
    revision: str | None = None
    evaluation: Path | None = None
    """Labelled examples for the quality gate; the two limits are in the metric's own unit."""
    max_drop: float | None = None
    min_metric: float | None = None
    time_limit_s: float = TIME_LIMIT_S
    """For a conversion and for each step of a run; what takes longer is ended, and its target has failed."""

    def record(self) -> dict[str, Any]:
        """What was asked beside the defaults, as JSON holds it, and as it can be asked again from any folder."""
        return recorded(self, ExportRequest("", (), Path()), always="model")


def recorded(request: Any, default: Any, *, always: str) -> dict[str, Any]:
    """The fields of a request that are not the default's: paths absolute, as is a model that is a folder."""
    asked = {one.name: getattr(request, one.name) for one in fields(request)}
    kept = {name: value for name, value in asked.items() if name == always or value != getattr(default, name)}
    return {name: _portable(name, value) for name, value in kept.items()}


def _portable(name: str, value: Any) -> Any:
    if isinstance(value, Path) or (name == "model" and Path(value).is_dir()):
        return str(Path(value).resolve())
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Job:
    """One target of a plan: what writes it, how, and where to."""

    target: Target
    converter: Converter
    precision: str
    scheme: Scheme
    rewrites: tuple[str, ...]
    options: Mapping[str, str]
    final: Path

    def form(self, source: Source) -> Form:
        """How the source's graph is shipped; calibrates where it must."""
        return source.form(self.scheme, self.rewrites)


class Plan(Source):
    """A source, and what is to be made of it: everything decided and checked before anything is written."""

    def __init__(self, request: ExportRequest) -> None:
        self.request = request
        self.left_out: dict[str, tuple[str, ...]] = {}
        """By target, the precisions that `auto` does not try, and why."""
        self.jobs = tuple(_jobs(request, self.left_out))
        registry.require([job.target for job in self.jobs])
        super().__init__(
            request.model,
            request.revision,
            _task(request),
            request.max_length,
            request.lengths,
            request.samples,
            request.calibration,
            request.pooling,
            _prompts(request),
        )
        if request.prompts and self.prompts != _prompts(request):
            raise UsageError(f"{self.model.checkpoint.name} has prompts of its own.", hint="Leave --prompt out.")
        if request.pooling and self.model.modules:
            own = " and ".join(self.model.modules.pooling)
            raise UsageError(
                f"{self.model.checkpoint.name} says itself how it pools: {own}.", hint="Leave --pooling out."
            )
        self.gates = gates(self, request.evaluation, request.max_drop, request.min_metric, request.time_limit_s)
        self.threads = request.threads or machine.usual_threads()
        self._answers: quality.Answers | None = None

    def _opened(self, checkpoint: Checkpoint, pooling: PoolingMode | None) -> Model:
        program = open_program(checkpoint)
        if program is None:
            return super()._opened(checkpoint, pooling)
        self.jobs = tuple(_adopting(job) for job in self.jobs)
        return program

    def answers(self, bundle: Bundle) -> quality.Answers:
        """What the fp32 graph says of every labelled example; asked once, through the first bundle's decode rules."""
        if self._answers is None:
            self._answers = source_answers(self, bundle, self.gates)
        return self._answers


def _task(request: ExportRequest) -> str:
    """The task asked for; whoever says how to pool, or what goes before a text, wants similarity."""
    asked = [flag for flag, value in (("--pooling", request.pooling), ("--prompt", request.prompts)) if value]
    if not asked:
        return request.task
    if request.task not in ("auto", SIMILARITY):
        raise UsageError(f"{asked[0]} is for {SIMILARITY}, not for {request.task}.")
    return SIMILARITY


def _prompts(request: ExportRequest) -> Prompts | None:
    """The prompts that were given; UsageError where the default is none of them."""
    if request.default_prompt is not None and request.default_prompt not in request.prompts:
        names = ", ".join(request.prompts) or "none"
        raise UsageError(f"--default-prompt {request.default_prompt!r} is no --prompt; there are: {names}.")
    return Prompts(request.prompts, request.default_prompt) if request.prompts else None


def gates(
    source: Source, evaluation: Path | None, max_drop: float | None, min_metric: float | None, time_limit_s: float
) -> Gates:
    """The gates with their labelled examples read; UsageError when limits are given without any."""
    if evaluation is None:
        if max_drop is not None or min_metric is not None:
            raise UsageError("--max-drop and --min-metric need labelled examples.", hint="Pass --eval FILE.")
        return Gates(time_limit_s=time_limit_s)
    quality.require()
    examples = read_examples(evaluation, source.task, source.labels, source.slot_labels)
    return Gates(examples, max_drop, min_metric, time_limit_s)


def source_answers(source: Source, bundle: Bundle, gates: Gates) -> quality.Answers:
    """What the fp32 graph says of every labelled example, through that bundle's decode rules."""
    session = Session(bundle, source.tokenizer, runner_of(source.graph))
    return quality.answers(session, gates.examples, batch=quality.BATCH)


def subject(source: Source, bundle: Bundle, target: Target, threads: int) -> Subject:
    """A bundle to be proved on a source's texts."""
    pad_id = source.tokenizer.special_ids.get("pad", 0)
    vocab_size = source.model.encoder.vocab_size
    return Subject(bundle, target, source.feeds, source.ids, source.outputs, pad_id, vocab_size, threads)


def export(plan: Plan, progress: Progress) -> Iterator[Report]:
    """Build and measure every target of a plan; each report is given as its bundle is in place.

    A target that raises an error keeps no other from being finished; the first such error is raised at the end.
    """
    errors: list[Exception] = []
    try:
        for job in plan.jobs:
            try:
                found = build(plan, job, progress)
            except Exception as error:  # noqa: BLE001  raised below, when the others are done
                errors.append(error)
            else:
                yield found
    finally:
        plan.stop()
    if errors:
        raise errors[0]


def build(plan: Plan, job: Job, progress: Progress) -> Report:
    """One job of a plan: its report, when its bundle is in place."""
    return _Export(plan, job, progress).run()


class _Export:
    """One target's way from the graph to a bundle in its place."""

    def __init__(self, plan: Plan, job: Job, progress: Progress) -> None:
        self.plan, self.job = plan, job
        self.say: Callable[[str], None] = lambda doing: progress(job.target.name, doing)
        self.started = time.perf_counter()
        self.facts: dict[str, Any] = {}

    def run(self) -> Report:
        """The report of a bundle that is in place, or of a conversion that crashed or hung and left none."""
        with staging(self.job.final) as partial, registry.toolchain_of(self.job.target):
            try:
                artifact = self.convert(partial)
            except ChildLost as lost:
                return self.report(Proof([Check.failed("integrity", "conversion", str(lost))]), place="")
            bundle = Bundle(partial, self.manifest(artifact, self.plan.tokenizer.save(partial)))
            proof = prove(
                subject(self.plan, bundle, self.job.target, self.plan.threads),
                self.plan.gates,
                lambda: self.finish(bundle),
                lambda: self.plan.answers(bundle),
                self.say,
            )
            proof.checks.extend(size.checks(Bundle.open(partial)))
            accepted = all(check.verdict is not Verdict.FAIL for check in proof.checks)
            place = self.job.final if accepted else self.job.final.with_name(f"{self.job.final.name}.rejected")
            result = self.report(proof, str(place), artifact.details.get("notes", ()))
            report.write(result, partial)
            publish(partial, self.job.final, accepted=accepted)
            return result

    def convert(self, partial: Path) -> Artifact:
        """Rewrite, quantize and write in a process of its own, while another computes the reference."""
        form = self.form
        self.say("converting")
        request = ConvertRequest(partial, form.scheme, self.plan.max_length, self.plan.lengths, self.job.options)
        with Child(_conversion, self.plan.graph, self.job, form, request) as child:
            self.plan.start_reference(form)
            artifact: Artifact = child.next(self.plan.gates.time_limit_s, lambda: self.say("converting"))
        self.facts["toolchain"] = dict(artifact.toolchain)
        self.facts["seconds to convert"] = round(time.perf_counter() - self.started, 2)
        self.facts["peak memory of the conversion, MB"] = round(child.peak_mb)
        return artifact

    @cached_property
    def form(self) -> Form:
        """Found on the first call, which may take a while."""
        if self.job.scheme.quantizes_activations:
            self.say("calibrating")
        return self.job.form(self.plan)

    def finish(self, bundle: Bundle) -> Expected:
        """What is done while the bundle is being run: reference outputs, golden files, the manifest's digests."""
        expected = Expected(self.plan.stored_reference(self.form), self.plan.reference)
        if not (bundle.path / MANIFEST).exists():  # a second machine finds it there
            lowering = self.job.target.tolerances[self.job.precision].lowering
            if self.form.calibration is not None:
                calibrate.write(self.form.calibration, bundle.path)
            golden.write(bundle.path, self.plan.feeds, expected.stored, bundle.inputs, lowering)
            write_manifest(bundle.path, bundle.manifest)
        return expected

    def manifest(self, artifact: Artifact, tokenizer: Mapping[str, Any]) -> dict[str, Any]:
        """edgelm.json without its list of files."""
        return {
            **self.plan.facts(),
            "target": self.job.target.name,
            "precision": self.job.precision,
            "scheme": asdict(self.form.scheme),
            "rewrites": list(self.form.rewrites),
            "artifact": {
                "files": list(artifact.files),
                "inputs": [asdict(spec) for spec in artifact.inputs],
                "outputs": [asdict(spec) for spec in artifact.outputs],
                "details": dict(artifact.details),
            },
            "tokenizer": dict(tokenizer),
            "toolchain": {"edgelm": edgelm.__version__, "numpy": np.__version__, **artifact.toolchain},
        }

    def calibration_facts(self) -> dict[str, Any]:
        """What was found for integers, and on which texts."""
        form, found = self.form, self.plan.calibrated.get(self.form)
        if form.calibration is None:
            return {}
        if found is None:
            return {"quantization": "ranges trained with the model"}
        smoothed = sum(choice.factors is not None for choice in found.choices)
        return {
            "calibrated on": str(self.plan.calibration or "the built-in sample, English and Chinese"),
            "quantized tensors": len(found.choices),
            "of them smoothed": smoothed,
            "kept float32": list(form.scheme.float_tensors) or "none",
        }

    def report(self, proof: Proof, place: str, notes: tuple[str, ...] = ()) -> Report:
        """What was found, with what is needed to read and repeat it."""
        job = self.job
        self.facts["seconds in all"] = round(time.perf_counter() - self.started, 2)
        return Report(
            target=job.target.name,
            model=self.plan.model.checkpoint.name,
            task=self.plan.task,
            precision=job.precision,
            scheme=job.scheme.name,
            bundle=place,
            checks=tuple(proof.checks),
            notes=(job.scheme.note, *notes, *emulation_note(job.target)),
            facts={
                "edgelm": edgelm.__version__,
                "runtime": job.target.versions,
                **machine.facts(),
                "threads": self.plan.threads,
                **source_facts(self.plan),
                "rewrites": list(self.form.rewrites),
                **self.calibration_facts(),
                **self.facts,
            },
            request=self.plan.request.record(),
            text_errors=tuple(proof.text_errors),
            timings=proof.named_timings,
            compression=lineage.of_checkpoint(self.plan.model.checkpoint),
        )


def _conversion(graph: Graph, job: Job, form: Form, request: ConvertRequest) -> Iterator[Artifact]:
    """The child's only step."""
    with registry.toolchain_of(job.target):
        shipped = shipped_graph(graph, form)
        if isinstance(shipped, Program):
            assert isinstance(job.converter, OnnxConverter)
            artifact = job.converter.adopt(shipped.onnx, shipped.signature, request)
            yield replace(artifact, toolchain={**shipped.toolchain, **artifact.toolchain})
        else:
            yield job.converter.convert(shipped, request)


def _adopting(job: Job) -> Job:
    """The job for a finished program, which is written as it is; an error where that is not what it would do."""
    if not isinstance(job.converter, OnnxConverter):
        able = [name for name, target in registry.targets().items() if _adopts(target)]
        raise UnsupportedError(
            f"Target {job.target.name} takes no finished program, only a model whose parts edgelm knows.",
            hint=f"What takes one: {', '.join(able)}.",
        )
    if job.scheme.weights != "float32" or job.scheme.quantizes_activations:
        raise UsageError(
            f"A finished program is written as it is, not in {job.precision}.", hint="Pass --precision fp32."
        )
    return replace(job, rewrites=())


def _adopts(target: Target) -> bool:
    return isinstance(registry.converter_of(target), OnnxConverter)


def emulation_note(target: Target) -> tuple[str, ...]:
    """Which of the two gave the figures, where the runtime itself cannot run here."""
    if not target.emulated:
        return ()
    return (f"The outputs were computed by {target.emulated}; no latency was measured.",)


def source_facts(source: Source) -> dict[str, Any]:
    """What a report says of the source and the texts."""
    lengths = [feed.arrays["input_ids"].shape[1] for feed in source.feeds]
    return {
        "source digest": source.model.checkpoint.digest,
        "samples": str(source.samples or "built-in, English and Chinese"),
        "texts": f"{len(source.feeds)} runs of {min(lengths)} to {max(lengths)} tokens, one a padded batch",
    }


def _precisions(
    target: Target, converter: Converter, asked: str | None, left_out: dict[str, tuple[str, ...]]
) -> list[str]:
    """The precisions that are asked for, by their short names; a scheme's full name stands for its short one."""
    names = {scheme.name: name for name, scheme in converter.precisions.items()}
    if asked == AUTO:
        unsteady = [name for name, scheme in converter.precisions.items() if scheme.activations == _UNSTEADY]
        left_out[target.name] = tuple(f"{name}: left out, {_UNSTEADY_REASON}" for name in unsteady)
        return [name for name in converter.precisions if name not in unsteady]
    precision = asked or target.precision
    precision = names.get(precision, precision)
    if precision not in converter.precisions:
        raise UsageError(
            f"Target {target.name} has no precision {precision!r}.",
            hint=f"It has: {', '.join(converter.precisions)}; or {AUTO}.",
        )
    return [precision]


def _jobs(request: ExportRequest, left_out: dict[str, tuple[str, ...]]) -> Iterator[Job]:
    if not request.targets:
        raise UsageError("No target given.", hint="Pass --target; `edgelm targets` lists them.")
    strange = [name for name in request.without_rewrites if name not in rewrites.REWRITES]
    if strange:
        raise UsageError(f"Unknown rewrite {strange[0]!r}.", hint=f"There are: {', '.join(rewrites.REWRITES)}.")
    known: set[str] = set()
    for name in dict.fromkeys(request.targets):
        target = registry.target(name)
        converter = registry.converter_of(target)
        precisions = _precisions(target, converter, request.precision, left_out)
        known |= set(converter.options)
        options = {**converter.options, **getattr(target, "options", {})}
        options |= {key: value for key, value in request.options.items() if key in options}
        kept = tuple(rewrite for rewrite in converter.rewrites if rewrite not in request.without_rewrites)
        final = request.output / name
        check_replaceable(final)
        for precision in precisions:
            yield Job(target, converter, precision, converter.precisions[precision], kept, options, final)
    unknown = [key for key in request.options if key not in known]
    if unknown:
        raise UsageError(
            f"No requested target has an option {unknown[0]!r}.", hint=f"Options: {', '.join(sorted(known)) or 'none'}."
        )
