"""Recipes: the passes that make a student of a teacher, from a name, a size such as ``4L-312``, or a TOML file."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from edgelm.compress.passes import (
    PASSES,
    SIZES,
    Configuration,
    Depth,
    Distill,
    Embedding,
    Pass,
    Qat,
    RecipeError,
    Vocab,
    Width,
    as_dict,
    cut_of,
    digest,
    given_fields,
    specification,
    written,
)
from edgelm.errors import UsageError

__all__ = [
    "BUILTIN_RECIPES",
    "Depth",
    "Distill",
    "Embedding",
    "Pass",
    "Qat",
    "Recipe",
    "RecipeError",
    "Vocab",
    "Width",
    "digest",
    "parse_recipe",
    "read_recipe",
    "recipe_digest",
    "sized",
    "to_toml",
]

BUILTIN_RECIPES = ("mini", "micro", "nano", "pico", "training-free", "mini-vocab", "nano-int8")
"""Each is ``edgelm/recipes/NAME.toml``."""

_NAME = re.compile(r"[^\W_][\w.-]{0,79}")
_SIZE = re.compile(r"(\d{1,3})L-(\d{1,5})")
_HEADS: Mapping[int, tuple[int, int, int]] = {312: (12, 26, 1200)}
"""TinyBERT's shape, the one that does not follow the rule: hidden size -> heads, head size, FFN units."""


@dataclass(frozen=True)
class Recipe:
    """Passes in the order they are done. Recipes that begin alike share those passes' results in one run."""

    name: str
    description: str = ""
    seed: int = 0
    passes: tuple[Pass, ...] = ()
    at_most: bool = False
    """Sizes are upper bounds: a model that is already smaller in one keeps what it has there."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise RecipeError(f"A recipe cannot be named {self.name!r}: it names a folder.", key="name")
        if not self.passes:
            raise RecipeError(f"The recipe {self.name} has no pass.", hint="A pass begins with [[pass]].")
        for fault in _impossible_order(self.passes):
            place = f"The recipe {self.name}, pass {fault.index + 1} ({self.passes[fault.index].kind})"
            corrected = _LAST if fault.value is None else f"{fault.key}={fault.value!r}"
            raise RecipeError(
                f"{place}: {fault.what}; corrected: {corrected}",
                key=f"{fault.index}.{fault.key}",
                what=fault.what,
                value=fault.value,
            )


def recipe_digest(recipe: Recipe) -> str:
    """SHA-256 of what a recipe does: its passes and seed, whatever its name and description."""
    does = {"seed": recipe.seed, "at_most": recipe.at_most, "passes": [as_dict(step) for step in recipe.passes]}
    return hashlib.sha256(json.dumps(does, sort_keys=True).encode()).hexdigest()


def sized(layers: int, hidden: int) -> Recipe:
    """The recipe of an ``NL-H`` size: depth first, then width pruned while distilling (ROSITA's order).

    Heads are 32 wide below a hidden size of 512 and 64 from there on, FFN units four times the hidden size; 312 is
    TinyBERT's shape.
    """
    heads, head_size, intermediate = _HEADS.get(hidden) or _regular(hidden)
    width = Width(hidden_size=hidden, heads=heads, head_size=head_size, intermediate_size=intermediate)
    passes: tuple[Pass, ...] = (Depth(layers), Distill(epochs=2.0), Distill(epochs=3.0, prune=width))
    return Recipe(f"{layers}L-{hidden}", f"{layers} layers of hidden size {hidden}.", passes=passes, at_most=True)


def _regular(hidden: int) -> tuple[int, int, int]:
    head_size = 64 if hidden >= 512 else 32
    return max(1, round(hidden / head_size)), head_size, 4 * hidden


@dataclass(frozen=True)
class _Fault:
    """A field of a pass that cannot be so where the pass stands, and the value that could; None: the pass must move."""

    index: int
    key: str
    what: str
    value: Any


_LAST = "let one qat be the last [[pass]]"


def _impossible_order(passes: Sequence[Pass]) -> Iterator[_Fault]:
    """What would grow again after it was cut, an assistant that nobody trained, ranges of what changes afterwards."""
    kept: dict[str, int] = {}
    taught = False
    for index, step in enumerate(passes):
        if index and isinstance(passes[index - 1], Qat):
            yield _Fault(index, "kind", f"qat is the last pass, as {step.kind} would make its ranges stale", None)
        for name, value in _wanted(cut_of(step)).items():
            smallest = min(value, kept.get(name, value))
            if value > smallest:
                yield _Fault(index, name, f"{name} = {value} comes after a pass that keeps {smallest}", smallest)
            kept[name] = smallest
        if isinstance(step, Distill):
            if step.teacher == "assistant" and not taught:
                what = "the assistant is the student of an earlier distill, and there is none"
                yield _Fault(index, "teacher", what, "original")
            taught = True


_SIZED = (*SIZES, "layers", "size", "rank")
"""The fields that are sizes of the model after a pass."""


def _wanted(cut: Pass | None) -> dict[str, int]:
    """The explicit sizes that a pass leaves, by their field."""
    given = {} if cut is None else given_fields(cut)
    return {name: given[name] for name in _SIZED if name in given}


# -- by name, by size or from a file -----------------------------------------------------------------------------------


def read_recipe(source: str | Path) -> Recipe:
    """The recipe of a built-in name, of a size such as ``4L-312``, or of a TOML file.

    UsageError with file, line and the corrected line where the file cannot be understood.
    """
    name = str(source)
    if name in BUILTIN_RECIPES:
        text = files("edgelm").joinpath("recipes", f"{name}.toml").read_text("utf-8")
        return parse_recipe(text, f"{name}.toml")
    size = _SIZE.fullmatch(name)
    if size:
        return _of_size(name, int(size[1]), int(size[2]))
    path = Path(source)
    if not path.is_file():
        near = get_close_matches(name, BUILTIN_RECIPES, 1)
        raise UsageError(
            f"There is no recipe {name}.",
            hint=f"Did you mean {near[0]}?" if near else f"Give {', '.join(BUILTIN_RECIPES)}, 4L-312, or a TOML file.",
        )
    try:
        return parse_recipe(path.read_text("utf-8-sig"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name} could not be read: {error}.") from None


def _of_size(name: str, layers: int, hidden: int) -> Recipe:
    if not layers or hidden < 8:
        raise UsageError(f"{name} is no size.", hint="At least 1 layer and a hidden size of 8, for example 4L-312.")
    return sized(layers, hidden)


_TOP: Mapping[str, tuple[type, str, Any]] = {
    "name": (str, "a text", "my-recipe"),
    "description": (str, "a text", ""),
    "seed": (int, "a whole number", 0),
    "at_most": (bool, "true or false", True),
}
"""Keys of the file itself: type, its name, and what a corrected line shows."""


def parse_recipe(text: str, source: str) -> Recipe:
    """The recipe of a TOML text; ``source`` is the file that errors name, and its stem the default name."""
    document = _Document(text, source)
    values = document.values
    for key, value in values.items():
        if key not in (*_TOP, "pass"):
            raise document.unknown((key,), (*_TOP, "pass"), "the recipe", value)
        if key in _TOP and type(value) is not _TOP[key][0]:
            _, expected, example = _TOP[key]
            raise document.error((key,), f"{key} is {_shown(value)}, not {expected}", f"{key} = {written(example)}")
    tables = values.get("pass", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise document.error(("pass",), "a pass is a table of its own", "[[pass]]")
    if not tables:
        raise document.error((), "the recipe has no pass", 'add [[pass]] and, below it, kind = "distill"')
    passes = tuple(_read_pass(document, ("pass", index), table) for index, table in enumerate(tables))
    top = {key: values[key] for key in _TOP if key in values}
    try:
        return Recipe(**{"name": Path(source).stem, **top}, passes=passes)
    except RecipeError as error:
        raise _of_order(document, error) from None


def _of_order(document: _Document, error: RecipeError) -> UsageError:
    """The line of a recipe whose passes are each right and together are not."""
    index, _, key = error.key.partition(".")
    if not key:
        return document.error((error.key,), error.message.rstrip("."), 'name = "my-recipe"')
    table = document.values["pass"][int(index)]
    inner = ("prune", key) if key not in table and "prune" in table else (key,)
    corrected = _LAST if error.value is None else f"{key} = {written(error.value)}"
    return document.error(("pass", int(index), *inner), error.what, corrected)


def _read_pass(document: _Document, place: tuple[str | int, ...], table: Mapping[str, Any]) -> Pass:
    kind = table.get("kind")
    if kind is None:
        raise document.error(place, "a pass has no kind", f'add kind = "{_guess_kind(table)}"')
    if not isinstance(kind, str) or kind not in PASSES:
        near = get_close_matches(str(kind).lower(), PASSES, 1)
        raise document.error(
            (*place, "kind"), f"unknown kind {_shown(kind)}", f'kind = "{near[0] if near else _guess_kind(table)}"'
        )
    known = [field.name for field in specification(PASSES[kind])]
    given = {key: value for key, value in table.items() if key != "kind"}
    header = f"[[pass]] {kind}" if len(place) == 2 else f"{place[-1]} = {kind}"
    for key, value in given.items():
        if key not in known:
            raise document.unknown((*place, key), known, header, value)
        if isinstance(value, dict):
            if key != "prune":
                raise document.error((*place, key), f"{key} is a table, not a value", f"take [pass.{key}] out")
            given[key] = _read_pass(document, (*place, key), value)
    missing = [field for field in specification(PASSES[kind]) if field.required and field.name not in given]
    if missing:
        name, example = missing[0].name, missing[0].fallback
        raise document.error((*place, "kind"), f"{header} has no {name}", f"add {name} = {written(example)}")
    try:
        return PASSES[kind](**given)
    except RecipeError as error:
        raise _of_pass(document, place, given, error) from None


def _of_pass(
    document: _Document, place: tuple[str | int, ...], given: Mapping[str, Any], error: RecipeError
) -> UsageError:
    """The line of a field whose value, or whose company, a pass refused."""
    line = f"{error.key} = {written(error.value)}"
    if error.key not in given:
        return document.error((*place, "kind"), error.what, f"add {line}")
    return document.error((*place, error.key), error.what, "leave this line out" if error.value is None else line)


def _guess_kind(table: Mapping[str, Any]) -> str:
    """The kind that has most of a table's keys."""
    return max(PASSES, key=lambda kind: len({field.name for field in specification(PASSES[kind])} & table.keys()))


def _shown(value: Any) -> str:
    """A value in a message, as TOML writes it and not at any length."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = written(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Document:
    """A TOML text with the lines its keys stand on."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.lines = text.splitlines()
        try:
            self.values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax(str(error)) from None

    def error(self, path: Sequence[str | int], what: str, corrected: str) -> UsageError:
        """``recipe.toml:7: what is wrong; corrected: the line as it should be``."""
        return UsageError(f"{self.source}:{self.line(path)}: {what}; corrected: {corrected}")

    def unknown(self, path: Sequence[str | int], known: Sequence[str], where: str, value: Any) -> UsageError:
        """The error of a key that nothing reads, with the nearest that something does."""
        near = get_close_matches(str(path[-1]), known, 1, 0.5)
        corrected = f"{near[0]} = {_shown(value)}" if near else f"leave it out; {where} takes {', '.join(known)}"
        if near and near[0] == "pass":
            corrected = "[[pass]]"
        return self.error(path, f"unknown key {path[-1]} in {where}", corrected)

    def line(self, path: Sequence[str | int]) -> int:
        """The line, from 1, on which a key begins: the shortest text that parses and has it ends on its last line."""
        begins = 1
        for end in range(1, len(self.lines) + 1):
            try:
                values = tomllib.loads("\n".join(self.lines[:end]))
            except tomllib.TOMLDecodeError:
                continue
            if _has(values, path):
                return begins
            begins = end + 1
        return 1

    def _syntax(self, message: str) -> UsageError:
        found = re.search(r" \(at line (\d+), column \d+\)", message)
        number = int(found[1]) if found else max(1, len(self.lines))
        reason = message.partition(" (at ")[0]
        if "overwrite" in message:
            return UsageError(f"{self.source}:{number}: a key is given twice; corrected: leave this line out")
        line = self.lines[number - 1] if self.lines else ""
        mended = next((m for m in _mended(line) if _parses([*self.lines[: number - 1], m])), None)
        what = f"{self.source}:{number}: not TOML: {reason[:1].lower()}{reason[1:]}: {line.strip()}"
        if mended is None:
            return UsageError(what, hint='A line is key = value, and texts stand in quotes: kind = "distill".')
        return UsageError(f"{what}; corrected: {mended}")


def _has(values: Any, path: Sequence[str | int]) -> bool:
    """Whether a document holds a path of keys and indices."""
    for key in path:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _mended(line: str) -> Iterator[str]:
    """What may have been meant by a line that is not TOML."""
    key, equals, value = (part.strip() for part in line.partition("#")[0].partition("="))
    value = value.strip("'\"")
    if equals and key and value:
        yield f"{key} = {value.lower()}"
        yield f"{key} = {written(value)}"
    elif ":" in line:
        yield from _mended(line.replace(":", "=", 1))
    else:
        yield f"[[{line.strip().strip('[]')}]]"


def _parses(lines: Sequence[str]) -> bool:
    """Whether some lines are TOML."""
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


# -- back to TOML ------------------------------------------------------------------------------------------------------


def to_toml(recipe: Recipe) -> str:
    """A recipe as the TOML that reads back as the same recipe; fields at their defaults are left out."""
    top = {"name": recipe.name, "description": recipe.description, "seed": recipe.seed, "at_most": recipe.at_most}
    blocks = [_lines({key: value for key, value in top.items() if value or key == "seed"})]
    blocks += ["[[pass]]\n" + _lines(_written_fields(step)) for step in recipe.passes]
    return "\n".join(blocks)


def _written_fields(config: Configuration) -> dict[str, Any]:
    return {"kind": config.kind, **given_fields(config)}


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {written(value)}\n" for key, value in values.items())
