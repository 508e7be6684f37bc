"""When a kit's reply is the expected one, and where it is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_WITHIN = 1e-6
_SHOWN = 400
"""Characters of a request or a reply that are printed."""


def same(found: Any, wanted: Any) -> bool:
    """Whether a reply is the expected one: equal, numbers within 1e-6."""
    if found == wanted:
        return True
    if isinstance(wanted, Mapping):
        return (
            isinstance(found, Mapping)
            and found.keys() == wanted.keys()
            and all(same(found[k], wanted[k]) for k in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, float) and isinstance(found, (int, float)) and not isinstance(found, bool):
        return abs(found - wanted) <= _WITHIN
    return False


def fulfils(reply: Mapping[str, Any], case: Mapping[str, Any]) -> bool:
    """Whether a driver's reply is what a case that was ``read`` expects; of errors the named fields count alone."""
    if "error" not in case:
        return "ok" in reply and same(reply["ok"], case["expect"])
    return "error" in reply and all(reply["error"].get(key) == value for key, value in case["error"].items())


def first_difference(found: Any, wanted: Any, at: str = "") -> str:
    """Where two replies part, and what stands there."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = [key for key in wanted if not same(found.get(key), wanted[key])]
        return first_difference(found.get(keys[0]), wanted[keys[0]], f"{at}.{keys[0]}") if keys else f"{at}: more keys"
    if isinstance(wanted, list) and isinstance(found, list):
        for place, (left, right) in enumerate(zip(found, wanted, strict=False)):
            if not same(left, right):
                return first_difference(left, right, f"{at}[{place}]")
        return f"{at}: length {len(found)}, not {len(wanted)}"
    return f"{at}: {shortened(found)}, not {shortened(wanted)}"


def shortened(content: Any) -> str:
    """Content as a line of JSON that a person can read."""
    text = json.dumps(content, ensure_ascii=True)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
