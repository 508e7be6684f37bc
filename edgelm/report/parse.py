"""Reads report.json strictly: what it does not know or expect is an error, never a guess."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar, get_args

from edgelm.types import Bound, Check, Group, Lineage, Report, Stage, TextError, Verdict

SCHEMA_VERSION = 1
"""Of report.json, as ``data/report.schema.json`` describes it."""
_UNDEFINED = ("nan", "inf", "-inf")
"""Figures that JSON has no number for."""
_TOO_LARGE = 10**300
"""A whole number that no float holds is no figure."""
T = TypeVar("T")


class NewerSchemaError(ValueError):
    """The report was written by a later version of edgelm."""


def reports(text: str) -> list[Report]:
    """The report or the list of reports in a JSON text; ValueError says what is wrong with it."""
    content = json.loads(text, parse_constant=_constant)
    return list(_list_of(_report)(content)) if isinstance(content, list) else [_report(content)]


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _report(content: Any) -> Report:
    version = content.get("schema_version") if isinstance(content, dict) else None
    if type(version) is int and version > SCHEMA_VERSION:
        raise NewerSchemaError(f"its schema version is {version}; this edgelm reads {SCHEMA_VERSION}")
    known = {"schema_version": _one_of(SCHEMA_VERSION), "verdict": _one_of(*Verdict)}
    found = _object(_with_later_fields(content), {**known, **_REPORT})
    del found["schema_version"]
    verdict = found.pop("verdict")
    report = Report(**found)
    if report.verdict != verdict:
        raise ValueError(f"its verdict is {verdict}, but its checks make it {report.verdict}")
    return report


def _with_later_fields(content: Any) -> Any:
    """The report with the fields that earlier versions of this schema did not write."""
    return {"compression": None, **content} if isinstance(content, dict) else content


def _object(content: Any, parts: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The values of an object that has exactly those keys."""
    if not isinstance(content, dict):
        raise ValueError(f"{_shown(content)} is no object")
    strange = [*(key for key in content if key not in parts), *(key for key in parts if key not in content)]
    if strange:
        raise ValueError(f"it has {'an unknown' if strange[0] in content else 'no'} field {strange[0]!r}")
    return {key: _part(key, parts[key], value) for key, value in content.items()}


def _part(key: str, parse: Callable[[Any], T], value: Any) -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise type(error)(f"{key}: {error}") from None


def _one_of(*allowed: Any) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if value not in allowed or isinstance(value, bool):
            raise ValueError(f"{_shown(value)} is none of {', '.join(map(str, allowed))}")
        return allowed[allowed.index(value)]

    return parse


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is no text")
    return value


def _figure(value: Any) -> float:
    if value in _UNDEFINED or type(value) is float or (type(value) is int and abs(value) < _TOO_LARGE):
        return float(value)
    raise ValueError(f"{_shown(value)} is no number")


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{_shown(value)} is no whole number")
    return value


def _or_none(parse: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else parse(value)


def _list_of(parse: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def parse_all(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{_shown(value)} is no list")
        return tuple(_part(str(i), parse, item) for i, item in enumerate(value))

    return parse_all


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{_shown(value)} is no object")
    return value


def _number(value: Any) -> float:
    return _figure(None if isinstance(value, str) else value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is neither true nor false")
    return value


def _request(value: Any) -> dict[str, Any]:
    """Of an export or a validation, or empty; what is not in it was left to its default."""
    if value == {}:
        return {}
    needed, known = ("bundle", VALIDATION) if "bundle" in _mapping(value) else ("model", EXPORT)
    return _object(value, {key: parse for key, parse in known.items() if key == needed or key in value})


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:60]}…"


_CHECK: Mapping[str, Callable[[Any], Any]] = {
    "group": _one_of(*get_args(Group)),
    "name": _text,
    "value": _or_none(_figure),
    "limit": _or_none(_figure),
    "unit": _text,
    "verdict": _one_of(*Verdict),
    "reason": _text,
    "bound": _one_of(None, *get_args(Bound)),
}
_TEXT_ERROR: Mapping[str, Callable[[Any], Any]] = {"tokens": _count, "max_abs": _figure, "cosine": _figure}
_STAGE: Mapping[str, Callable[[Any], Any]] = {
    "name": _text,
    "status": _one_of("teacher", "done", "skipped", "reused"),
    **dict.fromkeys(("parameters", "encoder_parameters", "bytes_fp32", "bytes_int8", "flops"), _count),
    **dict.fromkeys(("metric", "seconds"), _or_none(_figure)),
}
_LINEAGE: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("recipe", "metric"), _text),
    "length": _count,
    "stages": _list_of(lambda item: Stage(**_object(item, _STAGE))),
}
_ASKED: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("model", "samples", "revision", "evaluation"), _text),
    **dict.fromkeys(("max_drop", "min_metric", "time_limit_s"), _number),
    "threads": _count,
}
EXPORT: Mapping[str, Callable[[Any], Any]] = {
    **_ASKED,
    **dict.fromkeys(("output", "task", "pooling", "default_prompt", "precision", "calibration"), _text),
    **dict.fromkeys(("targets", "without_rewrites"), lambda value: list(_list_of(_text)(value))),
    "max_length": _count,
    "lengths": lambda value: list(_list_of(_count)(value)),
    **dict.fromkeys(
        ("prompts", "options"),
        lambda value: {key: _part(key, _text, item) for key, item in _mapping(value).items()},
    ),
}
VALIDATION: Mapping[str, Callable[[Any], Any]] = {
    **_ASKED,
    **dict.fromkeys(("bundle", "runtime"), _text),
    "hugging_face": _flag,
}
"""What may stand in a report's request, by the command that was asked."""
_REPORT: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("target", "model", "task", "precision", "scheme", "bundle"), _text),
    "checks": _list_of(lambda item: Check(**_object(item, _CHECK))),
    "notes": _list_of(_text),
    "facts": _mapping,
    "request": _request,
    "text_errors": _list_of(lambda item: TextError(**_object(item, _TEXT_ERROR))),
    "timings": lambda value: {key: _part(key, _list_of(_figure), times) for key, times in _mapping(value).items()},
    "compression": _or_none(lambda value: Lineage(**_object(value, _LINEAGE))),
}
