"""/docs: the endpoints on one page that needs no other file and no internet, made of the OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edgelm.page import Html, document, element, join, table

_REFERENCE = "#/components/schemas/"


def page(description: Mapping[str, Any]) -> str:
    """The whole page."""
    head = [
        element("h1", f"{description['info']['title']} {description['info']['version']}"),
        element("p", description["info"]["description"]),
        element("p", "The same for programs: ", element("a", "openapi.json", href="openapi.json"), "."),
    ]
    return document("edgelm serve", join([*head, *_sections(description)]))


def _sections(description: Mapping[str, Any]) -> Iterator[Html]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield element("h2", f"{method.upper()} {path}")
            yield element("p", operation.get("summary", ""))
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if "$ref" in body:
                yield _fields(description, body["$ref"])
            answers = [[status, answer["description"]] for status, answer in sorted(operation["responses"].items())]
            yield table(("Status", "Meaning"), answers, caption="Answers")


def _fields(description: Mapping[str, Any], reference: str) -> Html:
    schema = description["components"]["schemas"][reference.removeprefix(_REFERENCE)]
    required = schema.get("required", ())
    rows = [
        [name, _type(field), "needed" if name in required else json.dumps(field.get("default")), _told(field)]
        for name, field in schema["properties"].items()
    ]
    return table(("Field", "Type", "Default", ""), rows, caption="Body")


def _told(field: Mapping[str, Any]) -> str:
    return str(field.get("description", ""))


def _type(field: Mapping[str, Any]) -> str:
    """A schema's type in words."""
    if "$ref" in field:
        return str(field["$ref"]).removeprefix(_REFERENCE)
    if "anyOf" in field:
        return " or ".join(map(_type, field["anyOf"]))
    if "enum" in field:
        return ", ".join(map(json.dumps, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("type", "any"))
