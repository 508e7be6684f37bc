"""The passes of a recipe: each frozen config *is* its pass, and refuses what cannot be with the call that can."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from edgelm.errors import UsageError


@dataclass(frozen=True)
class Rule:
    """What a field means, for the documentation, and which values it takes."""

    help: str
    least: float | None = None
    most: float | None = None
    above: float | None = None
    example: int | None = None
    """What a corrected line shows where the field has no default."""

    def refusal(self, value: float) -> str | None:
        """What is wrong with a number, or None."""
        if not math.isfinite(value):
            return "must be finite"
        if self.least is not None and value < self.least:
            return f"must be at least {self.least:g}"
        if self.above is not None and value <= self.above:
            return f"must be above {self.above:g}"
        return f"must be at most {self.most:g}" if self.most is not None and value > self.most else None

    def nearest(self, value: float, default: Any) -> Any:
        """A value in range: the bound that was passed, or the default where the bound itself is out of range."""
        if self.least is not None and value < self.least:
            return type(value)(self.least)
        return type(value)(self.most) if self.most is not None and value > self.most else default


class RecipeError(UsageError):
    """A pass that cannot be: what is wrong, the field it is about, and the value that mends it (None: leave it out)."""

    def __init__(self, message: str, *, hint: str = "", key: str = "", what: str = "", value: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.key = key
        self.what = what
        self.value = value


class Configuration:
    """Checks a pass's fields one by one against their types and rules, then against each other."""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        for field in specification(type(self)):
            object.__setattr__(self, field.name, self._checked(field, getattr(self, field.name)))
        self._check_together()

    def _check_together(self) -> None:
        """Refuse combinations; a pass without any has nothing to add."""

    def _checked(self, field: Field, value: Any) -> Any:
        if value is None and field.optional:
            return None
        typed = field.convert(value)
        if typed is None:
            raise self.refuse(field.name, f"{field.name} is {written(value)}, not {field.expected}", field.mend(value))
        refusal = field.rule.refusal(typed) if isinstance(typed, int | float) else None
        if refusal:
            raise self.refuse(
                field.name, f"{field.name} {refusal}, not {written(value)}", field.rule.nearest(typed, field.fallback)
            )
        return typed

    def refuse(self, key: str, what: str, value: Any) -> RecipeError:
        """The error that shows the corrected call: this one with ``key`` as ``value``, or without it where None."""
        given = {**given_fields(self), key: value}
        names = [field.name for field in specification(type(self)) if given.get(field.name) is not None]
        call = ", ".join(f"{name}={given[name]!r}" for name in names)
        name = type(self).__name__
        return RecipeError(f"{name}: {what}; corrected: {name}({call})", key=key, what=what, value=value)


@dataclass(frozen=True)
class Field:
    """One field of a pass as its annotation says it."""

    name: str
    types: tuple[Any, ...]
    """The types or literal values it takes, None left out."""
    optional: bool
    literals: bool
    rule: Rule
    default: Any

    @property
    def required(self) -> bool:
        """Whether a pass cannot be written without it."""
        return self.default is MISSING

    @property
    def fallback(self) -> Any:
        """A value that is always allowed, for a corrected line."""
        return self.rule.example if self.required or self.default is None else self.default

    @property
    def expected(self) -> str:
        """In words, what the field takes."""
        if self.literals:
            return " or ".join(written(value) for value in self.types)
        passes = [kind.kind for kind in self.types if kind not in _WORDS]
        return f"a pass of kind {' or '.join(passes)}" if passes else " or ".join(_WORDS[kind] for kind in self.types)

    def convert(self, value: Any) -> Any:
        """The value in the field's own type (a whole number is a float where a float is asked), or None."""
        if self.literals:
            return value if isinstance(value, str) and value in self.types else None
        if type(value) is int and self.types == (float,):
            return float(value)
        return value if type(value) in self.types else None

    def mend(self, value: Any) -> Any:
        """A value of the right type, as close to a wrong one as can be."""
        for kind in () if self.literals else self.types:
            try:
                number = float(value) if kind in (int, float) else math.nan
            except (TypeError, ValueError):
                continue
            if math.isfinite(number) and self.rule.refusal(number) is None:
                return kind(number)
        if bool in self.types and str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        return self.fallback


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def specification(kind: Any) -> tuple[Field, ...]:
    """The fields of a kind of pass in their order."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_field(field.name, hints[field.name], field.default) for field in fields(kind))


def _field(name: str, annotation: Any, default: Any) -> Field:
    inner, rule = get_args(annotation)
    alternatives = get_args(inner) if get_origin(inner) is UnionType else (inner,)
    types = tuple(kind for kind in alternatives if kind is not NoneType)
    literals = get_origin(types[0]) is Literal
    values = get_args(types[0]) if literals else types
    return Field(name, values, NoneType in alternatives, literals, rule, default)


def written(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Configuration):
        pairs = {"kind": value.kind, **given_fields(value)}
        return "{ " + ", ".join(f"{key} = {written(item)}" for key, item in pairs.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def given_fields(config: Configuration) -> dict[str, Any]:
    """The fields that differ from their defaults: what has to be written to get the same pass."""
    pairs = ((field, getattr(config, field.name)) for field in specification(type(config)))
    return {field.name: value for field, value in pairs if field.required or value != field.default}


# -- the passes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vocab(Configuration):
    """Prune the vocabulary to what the training and unlabelled texts need."""

    kind: ClassVar[str] = "vocab"

    min_count: Annotated[int, Rule("Keep a piece that the texts need at least so often.", least=1)] = 1
    size: Annotated[int | None, Rule("Keep at most so many pieces, the most frequent.", least=8, example=8000)] = None
    keep_characters: Annotated[bool, Rule("Keep every single character, so that no text becomes unknown.")] = True


@dataclass(frozen=True)
class Depth(Configuration):
    """Keep the layers whose loss hurts most, measured on training rows."""

    kind: ClassVar[str] = "depth"

    layers: Annotated[int, Rule("Layers to keep.", least=1, example=4)]
    samples: Annotated[int, Rule("Training rows that importance is measured on.", least=1)] = 512


SIZES = ("hidden_size", "heads", "head_size", "intermediate_size")
BUDGETS = ("flops", "parameters", "latency_ms", "density")


@dataclass(frozen=True)
class Width(Configuration):
    """Cut heads, units of heads, FFN units and the hidden size, to explicit sizes or to one budget."""

    kind: ClassVar[str] = "width"

    hidden_size: Annotated[int | None, Rule("Size of the hidden states.", least=1, example=312)] = None
    heads: Annotated[int | None, Rule("Attention heads of each layer.", least=1, example=12)] = None
    head_size: Annotated[int | None, Rule("Units of each head.", least=1, example=32)] = None
    intermediate_size: Annotated[int | None, Rule("FFN units of each layer.", least=1, example=1200)] = None
    flops: Annotated[float | None, Rule("Budget: the part of the encoder's FLOPs to keep.", above=0, most=1)] = None
    parameters: Annotated[int | None, Rule("Budget: the encoder's parameters.", least=1, example=5_000_000)] = None
    latency_ms: Annotated[float | None, Rule("Budget: milliseconds for 64 tokens on `--target`.", above=0)] = None
    density: Annotated[float | None, Rule("Budget: the part of the encoder's parameters to keep.", above=0, most=1)] = (
        None
    )
    uneven: Annotated[bool, Rule("Under a budget, layers may keep different sizes.")] = True
    multiple: Annotated[int, Rule("FFN units and hidden size stay multiples of it under a budget.", least=1)] = 8
    samples: Annotated[int, Rule("Training rows that importance is measured on.", least=1)] = 1024
    reconstruct: Annotated[bool, Rule("Fit what stays to what was cut by least squares; needs no training.")] = False

    @property
    def sizes(self) -> dict[str, int]:
        """The explicit sizes by name."""
        return {name: value for name in SIZES if (value := getattr(self, name)) is not None}

    @property
    def budget(self) -> str | None:
        """The name of the budget, or None where the sizes are explicit."""
        return next((name for name in BUDGETS if getattr(self, name) is not None), None)

    def _check_together(self) -> None:
        budgets = [name for name in BUDGETS if getattr(self, name) is not None]
        if len(budgets) > 1:
            raise self.refuse(budgets[1], f"{' and '.join(budgets)} are {len(budgets)} budgets, and one is met", None)
        if budgets and self.sizes:
            size = next(iter(self.sizes))
            raise self.refuse(budgets[0], f"{size} is an explicit size, and {budgets[0]} is a budget", None)
        if not budgets and not self.sizes:
            raise self.refuse("flops", "neither a size nor a budget is given", 0.6)


@dataclass(frozen=True)
class Embedding(Configuration):
    """Factorise the table of words: it keeps ``rank`` columns, and a projection widens them again."""

    kind: ClassVar[str] = "embedding"

    rank: Annotated[int, Rule("Columns of the table of words.", least=1, example=128)]


LOSSES = ("labels", "logits", "hidden", "attention", "relations", "embedding")


@dataclass(frozen=True)
class Training(Configuration):
    """What the passes that train the student have in common."""

    epochs: Annotated[float, Rule("Times the training rows are seen.", above=0)] = 2.0
    least_steps: Annotated[int, Rule("Steps to make however few rows there are, by more epochs.", least=0)] = 0
    learning_rate: Annotated[float, Rule("Highest learning rate.", above=0, most=1)] = 1e-4
    batch_size: Annotated[int, Rule("Rows of a step.", least=1)] = 32
    warmup_ratio: Annotated[float, Rule("Part of the steps in which the learning rate rises.", least=0, most=1)] = 0.06
    temperature: Annotated[float, Rule("Softens both sides' logits.", above=0)] = 2.0
    labels: Annotated[float, Rule("Weight of the loss on the right answers.", least=0)] = 0.0
    logits: Annotated[float, Rule("Weight of the loss on the teacher's logits.", least=0)] = 1.0
    hidden: Annotated[float, Rule("Weight of the loss on hidden states.", least=0)] = 1.0
    attention: Annotated[float, Rule("Weight of the loss on attention maps (TinyBERT).", least=0)] = 0.0
    relations: Annotated[
        float, Rule("Weight of the loss on query, key and value relations of the last layer (MiniLM).", least=0)
    ] = 0.0
    embedding: Annotated[float, Rule("Weight of the loss on sentence embeddings.", least=0)] = 0.0
    augment: Annotated[int, Rule("Copies of every row with words replaced (TinyBERT).", least=0)] = 0
    precision: Annotated[Literal["auto", "bf16", "fp32"], Rule("Of the training; auto: what the device does.")] = "auto"
    dropout: Annotated[
        float, Rule("Of the student while it learns; what it imitates is no noise, so none pays.", least=0, most=0.9)
    ] = 0.0
    ema: Annotated[float, Rule("Decay of the moving average of the weights; 0: off.", least=0, most=0.999999)] = 0.0
    weight_decay: Annotated[float, Rule("AdamW's.", least=0, most=1)] = 0.01
    evaluations_per_epoch: Annotated[int, Rule("Evaluations of an epoch, the best of which is kept.", least=1)] = 2

    @property
    def losses(self) -> dict[str, float]:
        """The weights of the losses that count, by name."""
        return {name: weight for name in LOSSES if (weight := getattr(self, name))}

    def _check_together(self) -> None:
        if not self.losses:
            raise self.refuse("logits", "every loss weighs 0, so nothing would be learned", 1.0)
        if self.labels and self.augment:
            raise self.refuse("labels", "labels learns right answers, and the copies of augment have none", 0.0)


@dataclass(frozen=True)
class Distill(Training):
    """Train the student to answer as its teacher does, and prune it meanwhile where ``prune`` says so."""

    kind: ClassVar[str] = "distill"

    teacher: Annotated[
        Literal["original", "assistant"], Rule("The model given, or the student of the recipe's previous `distill`.")
    ] = "original"
    prune: Annotated[Width | Depth | None, Rule("A pass that is done little by little while distilling.")] = None
    prune_start: Annotated[float, Rule("Part of the steps before the first cut.", least=0, most=1)] = 0.0
    prune_end: Annotated[float, Rule("Part of the steps before the last cut.", least=0, most=1)] = 0.3
    prune_steps: Annotated[int, Rule("Cuts between the two.", least=1)] = 4

    def _check_together(self) -> None:
        super()._check_together()
        if self.prune is None:
            idle = next((name for name in given_fields(self) if name.startswith("prune_")), None)
            if idle:
                raise self.refuse(idle, f"{idle} says how to prune, and there is no prune", None)
        elif self.prune_start > self.prune_end:
            raise self.refuse(
                "prune_start", f"prune_start {self.prune_start:g} is after prune_end {self.prune_end:g}", 0.0
            )


@dataclass(frozen=True)
class Qat(Training):
    """Train the student with its weights and activations rounded to int8, as the runtimes will round them."""

    kind: ClassVar[str] = "qat"

    scheme: Annotated[
        Literal["static_wi8_ai8", "dynamic_wi8_afp32"], Rule("Activations in trained ranges, or rounded by token.")
    ] = "static_wi8_ai8"
    ranges: Annotated[
        Literal["learned", "moving"], Rule("Learned with the weights (LSQ+), or the moving average of the extremes.")
    ] = "learned"
    outputs: Annotated[
        Literal["int8", "float32"],
        Rule("What static linear layers write; TFLite's write int8, and what is trained so suits the others as well."),
    ] = "int8"
    samples: Annotated[
        int,
        Rule(
            "Training rows that the first ranges are measured on, and the projection to the teacher's states.", least=1
        ),
    ] = 512
    epochs: Annotated[float, Rule("Times the training rows are seen.", above=0)] = 1.0
    learning_rate: Annotated[float, Rule("Highest learning rate.", above=0, most=1)] = 5e-5
    teacher: Annotated[
        Literal["original", "itself"], Rule("The model given, or the student as it was before this pass, in float.")
    ] = "original"
    precision: Annotated[
        Literal["auto", "bf16", "fp32"],
        Rule("Of what is not rounded to int8 in the training; auto: what the device does."),
    ] = "auto"
    ema: Annotated[
        float, Rule("Decay of the moving average of the weights and ranges; 0: off.", least=0, most=0.999999)
    ] = 0.0

    @property
    def distillation(self) -> Distill:
        """The training as a distillation; who teaches is the stage's affair."""
        return Distill(**{field.name: getattr(self, field.name) for field in specification(Training)})

    def _check_together(self) -> None:
        super()._check_together()
        idle = next((name for name in ("ranges", "outputs") if name in given_fields(self)), None)
        if self.scheme != "static_wi8_ai8" and idle:
            raise self.refuse(idle, f"{idle} is of fixed ranges, and {self.scheme} has none", None)


Pass = Vocab | Depth | Width | Embedding | Distill | Qat
PASSES: Mapping[str, type[Pass]] = {kind.kind: kind for kind in (Vocab, Depth, Width, Embedding, Distill, Qat)}
"""By the name a recipe gives them, in the order in which most recipes list them."""


def as_dict(config: Configuration) -> dict[str, Any]:
    """Every field of a pass, defaults included, ready for JSON; a pass inside it likewise."""
    values = ((field.name, getattr(config, field.name)) for field in specification(type(config)))
    own = {name: as_dict(value) if isinstance(value, Configuration) else value for name, value in values}
    return {"kind": config.kind, **own}


def from_dict(values: Mapping[str, Any]) -> Pass:
    """The pass that ``as_dict`` wrote; RecipeError where its values cannot be."""
    own: dict[str, Any] = {key: from_dict(item) if isinstance(item, Mapping) else item for key, item in values.items()}
    return PASSES[own.pop("kind")](**own)


def digest(config: Pass) -> str:
    """SHA-256 of a pass: equal configs, equal digests, whether a default was written or not."""
    return hashlib.sha256(json.dumps(as_dict(config), sort_keys=True).encode()).hexdigest()


def cut_of(config: Pass) -> Pass | None:
    """The pass that makes the model smaller: this one, or the one that a ``distill`` prunes by, if any."""
    if isinstance(config, Qat):
        return None
    return config.prune if isinstance(config, Distill) else config


def without_pruning(config: Distill) -> Distill:
    """The same distillation of a model whose shape is already there."""
    own = (field for field in specification(Distill) if field.name.startswith("prune"))
    return replace(config, **{field.name: field.default for field in own})
