"""What a bundle is held against: the checkpoint, its graph and tokenizer, texts, and what the original says of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from edgelm.bundle import Bundle
from edgelm.calibrate import FILE as CALIBRATION
from edgelm.calibrate import Calibrated, calibrate
from edgelm.calibrate import read as read_calibration
from edgelm.checkpoint import PoolingMode, Prompts, open_checkpoint, read_prompts, read_score_activation
from edgelm.decode import CRF_TOKENS, label_list, tags_of
from edgelm.errors import UsageError
from edgelm.families import CRF, Model
from edgelm.families.joint import INTENT_AND_SLOTS
from edgelm.graph import quantize, rewrites
from edgelm.graph.canonical import Pooling
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import LENGTH, Graph
from edgelm.graph.quantize import Calibration
from edgelm.isolation import Child, ChildLost
from edgelm.programs import Program
from edgelm.samples import Feed, feeds, longest_text, read_samples
from edgelm.tokenizer import Text, TextTokenizer, cut
from edgelm.types import Array, Checkpoint, Runner, Scheme, Tensors, TensorSpec

_QA_RULES = {"max_answer_length": 15, "max_seq_length": 384, "doc_stride": 128}
"""The defaults of Hugging Face's question-answering pipeline."""
_LABEL_KEYS = {
    "text-classification": ("id2label",),
    "token-classification": ("id2label",),
    INTENT_AND_SLOTS: ("id2label", "slot_id2label"),
}
"""By task, what config.json calls the labels of each output."""
SIMILARITY = "sentence-similarity"
_MOST_SECONDS = 3600.0
"""For a reference; it is NumPy alone and comes to its end."""
_RANGES_KEPT = ("slice_last_layer",)
"""The rewrites after which every tensor that is rounded holds what it did."""
_CALIBRATION_TEXTS = 128
_CALIBRATION_TOKENS = 96
"""Of a text; what is beyond tells little more."""


@dataclass(frozen=True)
class Form:
    """How a graph is shipped: what it has been through, and how it is stored."""

    scheme: Scheme
    rewrites: tuple[str, ...]
    calibration: Calibration | None = field(default=None, compare=False)
    """Of one source it follows from the others."""


class Source:
    """A checkpoint read for one task; all is checked when it is made, the reference is computed once."""

    def __init__(
        self,
        model: str,
        revision: str | None,
        task: str,
        max_length: int | None,
        lengths: Sequence[int] = (),
        samples: Path | None = None,
        calibration: Path | None = None,
        pooling: PoolingMode | None = None,
        prompts: Prompts | None = None,
    ) -> None:
        self.model = self._opened(open_checkpoint(model, revision), pooling)
        self.task = self.model.resolve_task(task)
        self.tokenizer = TextTokenizer.from_checkpoint(self.model.checkpoint.path, self.model.modules)
        self.tokenizer.check_vocabulary(self.model.encoder.vocab_size)
        self.lengths = tuple(lengths)
        self.max_length = _max_length(max_length, self.lengths, self.model, self.tokenizer)
        self.graph = self.model.graph(self.task, self.max_length)
        self.labels, self.slot_labels = _labels(self)
        self.decode = _decode_rules(self)
        self.prompts = _prompts(self, prompts)
        self.samples = samples
        self.texts: list[Text] = read_samples(samples)
        self.calibration = calibration
        self._calibration_texts = read_samples(calibration, _CALIBRATION_TEXTS)
        self._forms: dict[Form, Form] = {}
        self.calibrated: dict[Form, Calibrated] = {}
        """What the calibrations of this source found, by the form they led to."""
        self._references: dict[Form | None, list[dict[str, Array]]] = {}
        self._running: Child | None = None

    def _opened(self, checkpoint: Checkpoint, pooling: PoolingMode | None) -> Model:
        """The checkpoint understood: only an export takes a finished program."""
        return Model.open(checkpoint, _pooling_mode(pooling))

    @property
    def names(self) -> list[str]:
        """The model's inputs."""
        return list(self.graph.inputs)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The model's outputs."""
        return self.graph.signature[1]

    @cached_property
    def feeds(self) -> list[Feed]:
        """The texts the artifacts are tried on; a pair is among them wherever the model tells two texts apart."""
        texts = [*self.texts, *_missing_pair(self.texts, self.names)]
        return feeds(texts, self.tokenizer, self.names, self._longest, self.task)

    def arrays(self, text: Text) -> dict[str, Array]:
        """The model's inputs for one text, cut as those of the feeds are."""
        return self.tokenizer.arrays([cut(self.tokenizer, text, self._longest)], self.names)

    @cached_property
    def _longest(self) -> int:
        """Tokens of the longest text that is tried: the maximum length, or as many as are cheap enough."""
        token_bytes = sum(4 * int(spec.shape[-1]) for spec in self.outputs if len(spec.shape) == 3)
        return longest_text(self.max_length, token_bytes, _pair_bytes(self.graph))

    @cached_property
    def ids(self) -> list[list[int]]:
        """Of every feed's texts, one after the other, not truncated."""
        return [self.tokenizer.encode(text).ids for feed in self.feeds for text in feed.texts]

    def form(self, scheme: Scheme, names: Sequence[str]) -> Form:
        """How the graph is shipped in that scheme after those rewrites; what multiplies integers is calibrated once.

        A student that was trained with quantization brings the ranges of a static scheme along; they are of the graph
        before rewrites that change what is rounded, so these are left out. Its weights are right as they round.
        """
        asked = Form(scheme, tuple(names))
        if asked not in self._forms:
            self._forms[asked] = self._calibrated(asked) if scheme.quantizes_activations else asked
        return self._forms[asked]

    def _calibrated(self, form: Form) -> Form:
        trained = self.model.calibration
        if form.scheme.is_static and trained is not None:
            kept = tuple(name for name in form.rewrites if name in _RANGES_KEPT)
            return replace(form, rewrites=kept, calibration=trained)
        if not form.scheme.is_static and self.model.quantization is not None:
            return form
        encodings = [
            cut(self.tokenizer, text, min(_CALIBRATION_TOKENS, self.max_length)) for text in self._calibration_texts
        ]
        feeds = [self.tokenizer.arrays([encoding], self.names) for encoding in encodings]
        found = calibrate(rewrites.apply(self.graph, form.rewrites), feeds, form.scheme)
        form = Form(found.scheme, form.rewrites, found.calibration)
        self.calibrated[form] = found
        return form

    @property
    def reference(self) -> list[dict[str, Array]]:
        """The fp32 graph's outputs on every feed, before any rewrite."""
        return self._reference(None)

    def stored_reference(self, form: Form) -> list[dict[str, Array]]:
        """The outputs of the graph as it is shipped; shared by the targets that ship it in one form."""
        return self._reference(_key(form))

    def start_reference(self, form: Form) -> None:
        """Have both computed in a process of its own while this one does something else."""
        missing = [key for key in dict.fromkeys((None, _key(form))) if key not in self._references]
        if missing and self._running is None:
            self._running = Child(_run_graphs, self.graph, missing, [feed.arrays for feed in self.feeds])

    def stop(self) -> None:
        """End the process that computes a reference, if there is one."""
        if self._running:
            self._running.close()
            self._running = None

    def _reference(self, key: Form | None) -> list[dict[str, Array]]:
        """From the process that was started for it, or computed here where there is none or it died."""
        if key not in self._references and self._running:
            with suppress(ChildLost):
                self._references |= self._running.next(_MOST_SECONDS)
            self.stop()
        if key not in self._references:
            self._references |= next(_run_graphs(self.graph, [key], [feed.arrays for feed in self.feeds]))
        return self._references[key]

    def facts(self) -> dict[str, Any]:
        """What the manifest of every bundle of this source says of it; what its files are is not among it."""
        head = self.model.head(self.task)
        return {
            "model": self.model.checkpoint.name,
            "family": self.model.family.name,
            "task": self.task,
            "labels": self.labels,
            "slot_labels": self.slot_labels,
            "max_length": self.max_length,
            "lengths": list(self.lengths),
            "pooling": {"modes": list(head.modes), "normalize": head.normalize} if isinstance(head, Pooling) else None,
            "prompts": asdict(self.prompts) if self.prompts else None,
            "decode": self.decode,
            "source": {"name": self.model.checkpoint.name, "digest": self.model.checkpoint.digest},
        }


def _pooling_mode(asked: PoolingMode | None) -> PoolingMode:
    """The mode asked for, of a plain encoder; UsageError where there is no such mode."""
    if asked is not None and asked not in get_args(PoolingMode):
        raise UsageError(f"Unknown pooling {asked!r}.", hint=f"There are: {', '.join(get_args(PoolingMode))}.")
    return asked or "mean"


def _prompts(source: Source, given: Prompts | None) -> Prompts | None:
    """What an embedder reads before a text: the checkpoint's own prompts, or those given where it has none."""
    checkpoint, modules = source.model.checkpoint, source.model.modules
    return read_prompts(checkpoint.path, modules, given) if source.task == SIMILARITY else None


def _key(form: Form) -> Form | None:
    """What two targets must have in common to share a reference; nothing where the scheme changes no value."""
    return None if form.scheme.weights == "float32" else form


def _run_graphs(
    graph: Graph, keys: Sequence[Form | None], feeds: Sequence[Tensors]
) -> Iterator[dict[Form | None, list[dict[str, Array]]]]:
    """The outputs on every feed, of the graph itself or as it is shipped."""
    found: dict[Form | None, list[dict[str, Array]]] = {}
    for key in keys:
        run = runner_of(shipped_graph(graph, key) if key else graph)
        found[key] = [run(arrays) for arrays in feeds]
    yield found


def runner_of(graph: Graph) -> Runner:
    """What says what a graph means: edgelm's interpreter, or of a program its own framework's predictor."""
    return graph.predictor() if isinstance(graph, Program) else Interpreter(graph)


def shipped_graph(graph: Graph, form: Form) -> Graph:
    """What a converter is given: the graph rewritten, its weights stored as the scheme says; a program as it is."""
    if isinstance(graph, Program):
        return graph
    return quantize.apply_scheme(rewrites.apply(graph, form.rewrites), form.scheme, form.calibration)


def form_of(bundle: Bundle) -> Form:
    """How a bundle says that its graph was shipped; UsageError where it lacks the calibration that its scheme needs."""
    scheme, calibration = bundle.scheme, read_calibration(bundle.path)
    if scheme.is_static and calibration is None:
        raise UsageError(
            f"{bundle.path} has no {CALIBRATION}, without which nothing says what a {scheme.name} model computes.",
            hint="Export it again.",
        )
    return Form(scheme, tuple(bundle.manifest["rewrites"]), calibration)


def _pair_bytes(graph: Graph) -> int:
    """Of a graph's largest tensor for one pair of tokens; of a program nothing is known."""
    shapes = () if isinstance(graph, Program) else [tensor.shape for tensor in graph.tensors.values()]
    sizes = (math.prod(size for size in shape if isinstance(size, int)) for shape in shapes if shape.count(LENGTH) == 2)
    return max((4 * size for size in sizes), default=0)


def _missing_pair(texts: Sequence[Text], names: Sequence[str]) -> list[Text]:
    """The first and the last of texts without a pair: token types would be 0 throughout."""
    singles = [text for text in texts if isinstance(text, str)]
    return [(singles[0], singles[-1])] if "token_type_ids" in names and len(singles) == len(texts) else []


def _max_length(asked: int | None, lengths: Sequence[int], model: Model, tokenizer: TextTokenizer) -> int:
    """The length asked for, or what the checkpoint itself declares; fixed lengths declare theirs."""
    limit = model.encoder.max_length
    own = model.modules.max_seq_length if model.modules else None
    wanted = min(own or limit, limit) if asked is None else asked
    if lengths and asked not in (None, max(lengths)):
        raise UsageError(f"--max-length {asked} contradicts --lengths, whose largest is {max(lengths)}.")
    if min(lengths, default=wanted) < tokenizer.special_count + 2:
        shortest = min(lengths, default=wanted)
        raise UsageError(f"A length of {shortest} leaves no room for two words between the special tokens of a pair.")
    return max(lengths, default=wanted)


def _labels(source: Source) -> tuple[list[str], list[str] | None]:
    """The labels of a classifier, by id, and those of its slots where it has both."""
    keys = _LABEL_KEYS.get(source.task, ())
    config = source.model.checkpoint.config
    found = [_named(config, key, int(spec.shape[-1])) for key, spec in zip(keys, source.outputs, strict=False)]
    return found[0] if found else [], found[1] if len(found) > 1 else None


def _named(config: Mapping[str, Any], key: str, count: int) -> list[str]:
    """So many labels by id; UsageError when config.json does not name one for each output."""
    id2label = config.get(key) or {}
    if not isinstance(id2label, Mapping):
        problem = f"is {id2label!r}"
    elif id2label and len(id2label) != count:
        problem = f"names {len(id2label)}"
    elif id2label and set(id2label) != {str(i) for i in range(count)}:
        problem = f"has other ids than 0 to {count - 1}"
    else:
        return label_list(id2label, count)
    raise UsageError(f"The classifier has {count} outputs, but config.json's {key} {problem}.")


def _decode_rules(source: Source) -> dict[str, Any]:
    """How this source's outputs become answers."""
    checkpoint, labels = source.model.checkpoint, len(source.labels)
    tagged = source.slot_labels if source.task == INTENT_AND_SLOTS else source.labels
    rules = decode_rules(source.task, source.tokenizer, checkpoint.config.get("problem_type"), tagged or ())
    if source.task == "text-classification" and labels == 1:
        rules["activation"] = read_score_activation(checkpoint.path, checkpoint.config) or rules["activation"]
    if source.model.weights.has(CRF):
        if source.task == "token-classification":
            rules |= _crf_rules(source.model, labels)
        elif source.task == INTENT_AND_SLOTS:
            rules["slots"] |= _crf_rules(source.model, len(source.slot_labels or ()))
    return rules


def _crf_rules(model: Model, labels: int) -> dict[str, Any]:
    """The scores of a conditional random field, and the tokens it reads; UsageError where they fit no such labels."""
    reads = model.checkpoint.config.get("crf_tokens", CRF_TOKENS[0])
    if reads not in CRF_TOKENS:
        raise UsageError(f"config.json: crf_tokens is {reads!r}.", hint=f"There are: {', '.join(CRF_TOKENS)}.")
    shapes = {"start": (labels,), "transitions": (labels, labels), "end": (labels,)}
    tensors = {"start": "crf.start_transitions", "transitions": CRF, "end": "crf.end_transitions"}
    scores = {name: model.weights.get(tensors[name], shape)[1].tolist() for name, shape in shapes.items()}
    return {"activation": "crf", "crf": {"tokens": reads, **scores}}


def decode_rules(
    task: str, tokenizer: TextTokenizer, problem_type: str | None, labels: Sequence[str]
) -> dict[str, Any]:
    """How logits of those labels (of joint models: of the slots) become answers, as Hugging Face's pipelines do it."""
    if task == "question-answering":
        return dict(_QA_RULES)
    if task in ("token-classification", INTENT_AND_SLOTS):
        words = "pieces" if tokenizer.facts.kind == "WordPiece" else "spaces"
        rules = {"activation": "softmax", "words": words, "tags": tags_of(labels)}
        return rules if task == "token-classification" else {"activation": "softmax", "slots": rules}
    if task in ("multiple-choice", "fill-mask"):
        return {"activation": "softmax"}
    if task != "text-classification":
        return {}
    if problem_type == "regression":
        return {"activation": "none"}
    is_multi_label = problem_type == "multi_label_classification" or len(labels) == 1
    return {"activation": "sigmoid" if is_multi_label else "softmax"}
