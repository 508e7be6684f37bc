"""The report of every target keeps the published schema, is read back as it was written, and has its page."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from edgelm import report

SCHEMA = json.loads(report.SCHEMA.read_text("utf-8"))


def test_the_report_keeps_the_schema(case: Any, exported: Any) -> None:
    bundle, _ = exported(case, "text-classification")
    stored = json.loads((bundle.path / "report.json").read_text("utf-8"), parse_constant=pytest.fail)
    jsonschema.validate(stored, SCHEMA, jsonschema.Draft202012Validator)


def test_the_report_is_read_back(case: Any, exported: Any) -> None:
    bundle, written = exported(case, "text-classification")
    assert report.to_dict(report.read(bundle.path / "report.json")) == json.loads(json.dumps(report.to_dict(written)))


def test_the_page_says_the_verdict(case: Any, exported: Any) -> None:
    bundle, written = exported(case, "text-classification")
    assert f'class="banner {written.verdict}"' in (bundle.path / "report.html").read_text("utf-8")
