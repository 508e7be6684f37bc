"""Reports: strict JSON that keeps its schema and is read back, and pages that say what the checks say."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm import report
from edgelm.audit import AuditRequest
from edgelm.cli.export import export as export_command
from edgelm.cli.validate import validate as validate_command
from edgelm.errors import UsageError
from edgelm.pipeline import ExportRequest
from edgelm.report import matrix, parse, single, words
from edgelm.types import Bound, Check, Group, Lineage, Report, Stage, TextError, Verdict

SCHEMA = json.loads(report.SCHEMA.read_text("utf-8"))
REQUEST = {"model": "a model", "targets": ["onnx", "tflite"], "output": "out", "options": {"opset": "17"}}
CHECKS = (
    Check.at_most("integrity", "texts tokenized otherwise than by the original", 0, 0),
    Check.at_most("parity", "logits vs fp32 original: max abs", 2e-7, 1e-4),
    Check.at_least("parity", "logits vs fp32 original: cosine, worst", 0.9999999, 0.99999),
    Check.at_least("parity", "logits vs fp32 original: SQNR", math.inf, 80, "dB"),
    Check.at_most("latency", "model p50 at 16 tokens", 3.0, None, "ms"),
    Check.at_most("latency", "model p50 at 64 tokens", 9.5, None, "ms"),
    Check.at_most("latency", "text to answer p50 (10 tokens)", 3.5, None, "ms"),
    Check.at_most("latency", "load", 120.0, None, "ms"),
    Check.at_most("latency", "peak memory of the run", 220.0, None, "MB"),
    Check.at_most("size", "bundle", 91.0, None, "MB"),
)
BROKEN = Check("parity", "logits vs fp32 original: mean abs", 0.5, 0.1, "", Verdict.FAIL, "", "at most")
UNKNOWN = Check.unmeasured("quality", "metric", "no <examples> & no time")


LINEAGE = Lineage(
    "nano",
    "accuracy",
    128,
    (
        Stage("a teacher", "teacher", 22_600_000, 10_600_000, 90_400_000, 22_900_000, 2_870_000_000, 0.92, None),
        Stage("depth to 4 layers", "done", 19_000_000, 7_100_000, 76_000_000, 19_300_000, 1_910_000_000, 0.874, 3.25),
        Stage("vocab", "skipped", 19_000_000, 7_100_000, 76_000_000, 19_300_000, 1_910_000_000, 0.874, 0.0),
        Stage("distill | now", "reused", 14_300_000, 4_570_000, 57_000_000, 14_500_000, 1_250_000_000, 0.911, 610.0),
    ),
)


def a_report(target: str = "onnx", **changes: Any) -> Report:
    """A report as an export writes it."""
    whole = Report(
        target=target,
        model="a model",
        task="text-classification",
        precision="fp32",
        scheme="fp32",
        bundle=f"out/{target}",
        checks=CHECKS,
        notes=("float32 weights and arithmetic",),
        facts={"source digest": "f" * 64, "edgelm": "0.1.0", "runtime": "onnxruntime 1.2", "threads": 2},
        request=REQUEST,
        text_errors=(TextError(5, 1e-7, 1.0), TextError(12, 2e-7, 0.9999999), TextError(64, 0.0, 1 + 1e-15)),
        timings={"model, 16 tokens": (2.9, 3.0, 3.4), "text to answer, 10 tokens": (3.4, 3.5, 3.9)},
    )
    return replace(whole, **changes)


def saved(found: Report, folder: Path) -> Report:
    """The report written into a bundle of its own below the folder; rejected where it fails."""
    place = folder / (found.target + ".rejected" * (found.verdict is Verdict.FAIL))
    place.mkdir(parents=True)
    (place / "edgelm.json").write_text("{}")
    found = replace(found, bundle=str(place))
    report.write(found, place)
    return found


def main_of(page: str) -> ElementTree.Element:
    """The page's content; it is well-formed XML too."""
    return ElementTree.fromstring(page[page.index("<main>") : page.index("</main>") + len("</main>")])


def plots_of(page: str) -> dict[str, set[str]]:
    """What stands in each chart, by its title."""
    svg = "{http://www.w3.org/2000/svg}"
    charts = main_of(page).iter(f"{svg}svg")
    return {text_of(one[0]): {text_of(text) for text in one.iter(f"{svg}text")} for one in charts}


def text_of(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


# -- JSON and its schema -----------------------------------------------------------------------------------------------

FIGURES = st.floats()
CHECK = st.one_of(
    st.builds(
        lambda make, *values: make(*values),
        st.sampled_from([Check.at_most, Check.at_least]),
        st.sampled_from(get_args(Group)),
        st.text(),
        FIGURES,
        st.none() | FIGURES,
        st.sampled_from(["", "ms", "dB"]),
    ),
    st.builds(Check.unmeasured, st.sampled_from(get_args(Group)), st.text(), st.text()),
    st.builds(Check.failed, st.sampled_from(get_args(Group)), st.text(), st.text()),
)
COUNTS = st.integers(0, 10**12)
STAGE = st.builds(
    Stage,
    st.text(),
    st.sampled_from(["teacher", "done", "skipped", "reused"]),
    *[COUNTS] * 5,
    st.none() | FIGURES,
    st.none() | FIGURES,
)
LINEAGES = st.builds(Lineage, st.text(), st.text(), COUNTS, st.lists(STAGE, min_size=1, max_size=4).map(tuple))
REPORT = st.builds(
    a_report,
    model=st.text(),
    bundle=st.text(),
    checks=st.lists(CHECK, max_size=5).map(tuple),
    notes=st.lists(st.text(), max_size=2).map(tuple),
    text_errors=st.lists(st.builds(TextError, st.integers(0, 600), FIGURES, FIGURES), max_size=5).map(tuple),
    timings=st.dictionaries(st.text(), st.lists(FIGURES, max_size=5).map(tuple), max_size=3),
    compression=st.none() | LINEAGES,
)


def as_stored(found: Report) -> str:
    return json.dumps(report.to_dict(found), allow_nan=False)


@given(REPORT)
def test_any_report_keeps_the_schema_and_is_read_back_as_it_was(found: Report) -> None:
    text = as_stored(found)
    jsonschema.validate(json.loads(text), SCHEMA, jsonschema.Draft202012Validator)
    (again,) = parse.reports(text)
    assert as_stored(again) == text
    assert again.verdict is found.verdict


def test_a_report_of_plain_figures_is_read_back_equal(tmp_path: Path) -> None:
    found = saved(a_report(), tmp_path)
    assert report.read(tmp_path / "onnx" / "report.json") == found


def test_the_schema_itself_is_a_valid_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("definition", "kind", "more"),
    [
        ("report", Report, {"schema_version", "verdict"}),
        ("check", Check, set()),
        ("text_error", TextError, set()),
        ("export_request", ExportRequest, set()),
        ("validation_request", AuditRequest, set()),
        ("lineage", Lineage, set()),
        ("stage", Stage, set()),
    ],
)
def test_the_schema_has_every_field_and_a_word_on_each(definition: str, kind: Any, more: set[str]) -> None:
    found = SCHEMA["$defs"][definition]
    assert set(found["properties"]) == {field.name for field in fields(kind)} | more
    assert all(one["description"] for one in found["properties"].values())
    assert found["additionalProperties"] is False


def test_every_field_of_a_request_has_a_way_to_the_command_line() -> None:
    for kind, argument, options, known in [
        (ExportRequest, "model", words.EXPORT_OPTIONS, parse.EXPORT),
        (AuditRequest, "bundle", words.VALIDATION_OPTIONS, parse.VALIDATION),
    ]:
        assert {argument, *options} == {field.name for field in fields(kind)} == set(known)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value of a JSON document stands; facts are left out, for reading takes any."""
    if path[-1:] == ("facts",):
        return
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the document with another value at one place, or without it where that is ``...``."""
    copy = json.loads(json.dumps(document))
    if not path:
        return value
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return copy


DOCUMENT = report.to_dict(a_report(checks=(CHECKS[1], CHECKS[4])))
VALIDATED = report.to_dict(a_report(checks=(), request={"bundle": "b", "hugging_face": True, "threads": 2}))
COMPRESSED = report.to_dict(a_report(checks=(), compression=replace(LINEAGE, stages=LINEAGE.stages[:2])))
WRONG: tuple[Any, ...] = (..., None, True, -1.5, -1, 7, "strange", "nan", [None], {"strange": None}, {}, [])


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (document, path)
        for document in (DOCUMENT, VALIDATED, COMPRESSED)
        for path in places(json.loads(json.dumps(document)))
    ],
    ids=str,
)
def test_reading_refuses_what_the_schema_refuses(document: Any, path: tuple[Any, ...]) -> None:
    """At every place: its value left out or replaced, and a strange field beside it."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    changes = [put(document, path, value) for value in WRONG if path or value is not ...]
    if path and isinstance(path[-1], str):
        changes.append(put(document, (*path[:-1], "strange"), 1))
    for changed in changes:
        fault = fault_of(changed)
        assert (fault is None) == validator.is_valid(changed) or "its checks make it" in str(fault), (changed, fault)


def fault_of(document: Any) -> str | None:
    """What reading says is wrong; of a verdict that its own checks deny the schema can say nothing."""
    try:
        parse.reports(json.dumps(document))
    except ValueError as error:
        return str(error)
    return None


def test_a_report_from_before_there_was_compression_is_read() -> None:
    (found,) = parse.reports(json.dumps(put(DOCUMENT, ("compression",), ...)))
    assert found.compression is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is no report"),
        (b"\xff\xfe", "is no report"),
        (b"[" * 100_000, "is no report"),
        (b"3", "3 is no object"),
        (b"[]", "holds 0 reports, not one"),
        (b"{}", "it has no field 'schema_version'"),
        (b'{"schema_version": 2}', "its schema version is 2; this edgelm reads 1"),
        (b'[{"schema_version": 2}]', "its schema version is 2; this edgelm reads 1"),
        (json.dumps([DOCUMENT, DOCUMENT]).encode(), "holds 2 reports, not one"),
        (json.dumps(put(DOCUMENT, ("verdict",), "fail")).encode(), "its verdict is fail, but its checks make it pass"),
        (json.dumps(put(DOCUMENT, ("checks", 0, "value"), math.nan)).encode(), "NaN is no JSON"),
        (json.dumps(put(DOCUMENT, ("checks", 0, "value"), 10**400)).encode(), "is no number"),
        (json.dumps(put(DOCUMENT, ("checks", 0, "unit"), 3)).encode(), "checks: 0: unit: 3 is no text"),
    ],
)
def test_what_is_no_report_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(told)) as raised:
        report.read(tmp_path / "report.json")
    assert str(tmp_path / "report.json") in str(raised.value)


def test_a_report_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "report.json", tmp_path):
        with pytest.raises(UsageError, match="is no report"):
            report.read_all(path)


# -- words -------------------------------------------------------------------------------------------------------------


def test_checks_know_the_side_of_their_limit() -> None:
    bounds = [
        Check.at_most("parity", "a", 1.0, 2.0).bound,
        Check.at_least("parity", "a", math.nan, 2.0).bound,
        Check.at_most("parity", "a", math.nan, 0.0).bound,
        Check.at_most("parity", "a", 1.0, None).bound,
        Check.at_least("parity", "a", math.nan, None).bound,
        UNKNOWN.bound,
    ]
    assert bounds == ["at most", "at least", "at most", None, None, None]
    assert set(bounds) == {None, *get_args(Bound)}


@pytest.mark.parametrize(
    ("check", "share"),
    [
        (Check.at_most("parity", "a", 2e-5, 1e-4), 0.2),
        (Check.at_most("parity", "a", 3e-4, 1e-4), 3.0),
        (Check.at_most("quality", "drop", -0.01, 0.005), 0.0),
        (Check.at_most("parity", "a", 0.0, 0.0), None),
        (Check.at_least("parity", "a", 0.99, 0.9), 0.1),
        (Check.at_least("parity", "a", 0.8, 0.9), 2.0),
        (Check.at_least("parity", "a", 1.0, 1.0), None),
        (Check.at_least("parity", "a", 100.0, 80.0, "dB"), 0.1),
        (Check.at_least("parity", "a", 60.0, 80.0, "dB"), 10.0),
        (Check.at_least("parity", "a", math.inf, 80.0, "dB"), 0.0),
        (Check.at_least("parity", "a", -math.inf, 80.0, "dB"), 1e300),
        (Check.at_most("parity", "a", math.nan, 1.0), None),
        (Check.at_most("parity", "a", 1.0, None), None),
        (UNKNOWN, None),
    ],
)
def test_the_share_of_a_limit_that_is_used(check: Check, share: float | None) -> None:
    assert words.used(check) == (None if share is None else pytest.approx(share))


@given(CHECK)
def test_a_share_above_one_is_a_failure_and_below_none(check: Check) -> None:
    share = words.used(check)
    if share is not None and abs(share - 1) > 1e-6 and check.value is not None and abs(check.value) < 1e100:
        assert (share > 1) == (check.verdict is Verdict.FAIL)


def test_the_sentence_counts() -> None:
    told = words.sentence(a_report(checks=(*CHECKS, BROKEN, UNKNOWN), facts={"texts": "16 runs", "machine": "a phone"}))
    assert told == (
        "The onnx bundle was held against the original on 16 runs (a phone). "
        "Checks: 4 limits held, 1 failed, 1 not measured, 6 recorded without a limit."
    )
    assert words.sentence(a_report(checks=CHECKS[:1], facts={})).endswith("original. Checks: 1 limit held.")
    assert words.sentence(a_report(checks=())).endswith("Checks: none.")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"task": "text-classification", "precision": "int8", "max_length": 64, "threads": 3, "revision": "v 2"},
        {"lengths": [16, 64], "samples": "my texts.txt", "evaluation": "it's.tsv", "max_drop": 0.005},
        {"min_metric": 0.123456789, "options": {"a": "x y", "b": "2"}, "without_rewrites": ["one", "two"]},
        {"time_limit_s": 60.0},
        {"pooling": "cls"},
        {"prompts": {"query": "query: ", "plain": ""}, "default_prompt": "query"},
    ],
)
def test_the_command_asks_for_the_same_export(settings: dict[str, Any]) -> None:
    """What the command line makes of the words is what was recorded."""
    import shlex

    command = words.command({**REQUEST, "model": "a model; rm", **settings})
    _, name, *arguments = shlex.split(command)
    assert name == "export"
    found = export_command.make_context("export", arguments).params
    assert (found["model"], found["targets"]) == ("a model; rm", ("onnx", "tflite"))
    lengths, *pairs = (found.pop(key) for key in ("lengths", "options", "prompts"))
    options, prompts = (dict(pair.split("=", 1) for pair in given) for given in pairs)
    assert options == settings.get("options", REQUEST["options"])
    assert prompts == settings.get("prompts", {})
    assert [int(part) for part in lengths.split(",")] == settings["lengths"] if lengths else "lengths" not in settings
    for key, value in settings.items():
        if key not in ("lengths", "options", "prompts"):
            assert (list(found[key]) if isinstance(value, list) else type(value)(found[key])) == value, key


def test_the_command_of_a_validation() -> None:
    asked = {
        "bundle": "out/a b",
        "model": "m",
        "runtime": "onnxruntime==1.20.0",
        "hugging_face": True,
        "max_drop": 0.01,
    }
    told = (
        "edgelm validate 'out/a b' --against m --runtime onnxruntime==1.20.0 --reference transformers --max-drop 0.01"
    )
    assert words.command(asked) == told
    import shlex

    found = validate_command.make_context("validate", shlex.split(told)[2:]).params
    assert {key: found[key] for key in asked if key != "bundle"} == {
        key: asked[key] for key in asked if key != "bundle"
    }
    page = single.html(a_report(request=asked))
    assert text_of(next(main_of(page).iter("pre"))) == told


def test_the_command_of_one_target() -> None:
    assert words.command(REQUEST, ["onnx"]) == "edgelm export 'a model' -t onnx -o out --option opset=17"


@pytest.mark.parametrize("group", get_args(Group))
def test_a_failure_of_what_the_bundle_answers_comes_before_a_budget(group: Group) -> None:
    wrong, slow = Check.failed(group, "a", "it died"), Check.at_most("size", "b", 3.0, 2.0)
    code = 6 if group in ("quality", "latency", "size") else 5
    assert report.exit_code([a_report(checks=(slow, wrong, UNKNOWN))]) == code


# -- report.md ---------------------------------------------------------------------------------------------------------


def test_markdown_keeps_its_table_whatever_a_reason_holds() -> None:
    check = Check.failed("integrity", "a|b", "RuntimeError:\nline | two")
    lines = report.markdown(a_report(checks=(check,))).splitlines()
    assert "| ✗ | integrity: a\\|b | - |  | RuntimeError: line \\| two |" in lines


def test_markdown_tells_how_the_model_was_made() -> None:
    lines = report.markdown(a_report(compression=LINEAGE)).splitlines()
    assert "| a teacher | teacher | 22.60 | 10.60 | 90.40 | 22.90 | 2.870 | 0.9200 | 100.0 % |  |" in lines
    assert "| distill \\| now | reused | 14.30 | 4.57 | 57.00 | 14.50 | 1.250 | 0.9110 | 99.0 % | 610.0 |" in lines
    assert not any("teacher" in line for line in report.markdown(a_report()).splitlines())


# -- report.html of one bundle -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "verdict", "word"),
    [
        (CHECKS, "pass", "✓ Pass"),
        ((*CHECKS, UNKNOWN), "unmeasured", "? Not measured"),
        ((*CHECKS, UNKNOWN, BROKEN), "fail", "✗ Fail"),
        ((), "unmeasured", "? Not measured"),
    ],
)
def test_the_verdict_stands_first_in_words(checks: tuple[Check, ...], verdict: str, word: str) -> None:
    page = single.html(a_report(checks=checks))
    header = main_of(page)[0]
    assert header.get("class") == f"banner {verdict}"
    assert text_of(header).startswith(f"{word} a model on onnx, fp32")
    assert f"<title>{word[2:]}: a model on onnx, fp32</title>" in page


@given(REPORT)
def test_the_page_of_any_report_is_well_formed_and_runs_nothing(found: Report) -> None:
    page = single.html(found)
    main_of(page)
    assert "<script" not in page
    assert re.findall(r"<(?:img|iframe|object|embed|form)\b", page) == []


def test_the_page_shows_every_check_with_its_limit_and_how_much_of_it_is_used() -> None:
    main = main_of(single.html(a_report(checks=(*CHECKS, BROKEN, UNKNOWN))))
    rows = {text_of(row[0]): [text_of(cell) for cell in row[1:]] for row in main.iter("tr") if len(row) > 1}
    assert rows["✓ max abs"] == ["2e-07", "≤ 0.0001", "< 1 %"]
    assert rows["✓ SQNR"] == ["inf dB", "≥ 80", "0 %"]
    assert rows["✗ mean abs"] == ["0.5", "≤ 0.1", "500 %"]
    assert rows["✓ texts tokenized otherwise than by the original"] == ["0", "≤ 0", ""]
    assert rows["? metric no <examples> & no time"] == ["-"]
    assert rows["· load"] == ["120 ms"], "what is only recorded bears no mark of a pass"
    assert len([row for row in rows if row[0] in "✓✗?·"]) == len(CHECKS) + 2
    headings = [text_of(heading) for heading in main.iter("h2")]
    groups = ["Integrity", "Parity", "Quality", "Latency", "Size"]
    assert headings == [*groups, "Versions and machine", "Again"]


def test_troubles_stand_above_all_checks_failures_first() -> None:
    main = main_of(single.html(a_report(checks=(*CHECKS, UNKNOWN, BROKEN))))
    troubles = next(element for element in main if element.get("class") == "troubles")
    assert [text_of(item) for item in troubles] == [
        "✗ parity, logits vs fp32 original: mean abs is 0.5, limit ≤ 0.1",
        "? quality, metric (no <examples> & no time)",
    ]
    assert list(main).index(troubles) < min(i for i, element in enumerate(main) if element.tag == "section")


def test_the_page_has_its_plots_facts_and_commands() -> None:
    page = single.html(a_report())
    titles = re.findall(r'class="chart"[^>]*><title>([^<]*)', page)
    assert titles == ["Largest difference of each text", "All texts", "Every timed call"]
    main = main_of(page)
    assert {
        text_of(pair[0]): text_of(pair[1]) for pair in main.iter("div") if len(pair) == 2 and pair[0].tag == "dt"
    } == {
        "source digest": "f" * 64,
        "edgelm": "0.1.0",
        "runtime": "onnxruntime 1.2",
        "threads": "2",
    }
    assert text_of(next(main.iter("pre"))) == (
        "edgelm export 'a model' -t onnx -o out --option opset=17 edgelm reproduce report.json"
    )


def test_a_compressed_model_has_its_past_as_a_table_and_a_plot() -> None:
    page = single.html(a_report(compression=LINEAGE))
    assert "Accuracy after each pass, against size" in re.findall(r'class="chart"[^>]*><title>([^<]*)', page)
    section = next(one for one in main_of(page).iter("section") if text_of(one[0]) == "Compression")
    rows = [[text_of(cell) for cell in row] for row in section.iter("tr")]
    assert rows == [
        [
            *("model or pass", "", "parameters, M", "encoder, M", "fp32, MB", "int8, MB", "GFLOPs"),
            *("accuracy", "of the teacher's", "time, s"),
        ],
        ["a teacher", "teacher", "22.60", "10.60", "90.40", "22.90", "2.870", "0.9200", "100.0 %", ""],
        ["depth to 4 layers", "", "19.00", "7.10", "76.00", "19.30", "1.910", "0.8740", "95.0 %", "3.2"],
        ["vocab", "skipped", "19.00", "7.10", "76.00", "19.30", "1.910", "0.8740", "95.0 %", ""],
        ["distill | now", "reused", "14.30", "4.57", "57.00", "14.50", "1.250", "0.9110", "99.0 %", "610.0"],
    ]
    labels = plots_of(page)["Accuracy after each pass, against size"]
    assert labels >= {"a teacher", "1 depth", "3 distill"}
    assert not any("vocab" in label for label in labels), "what changed nothing is no point of its own"


def test_a_past_without_a_metric_is_a_table_alone() -> None:
    stages = tuple(replace(stage, metric=None) for stage in LINEAGE.stages)
    bare = replace(LINEAGE, metric="", stages=stages)
    page = single.html(a_report(compression=bare))
    section = next(one for one in main_of(page).iter("section") if text_of(one[0]) == "Compression")
    assert [text_of(cell) for cell in next(section.iter("tr"))][-2:] == ["GFLOPs", "time, s"]
    assert not any("after each pass" in title for title in plots_of(page))


def test_round_off_is_no_angle() -> None:
    errors = (TextError(5, 0.0, 1 + 1e-15), TextError(5, 0.1, 0.5), TextError(5, math.nan, math.nan))
    first, second, third = single.angles(a_report(text_errors=errors))
    assert (first, second, math.isnan(third)) == (0.0, 0.5, True)


def test_a_page_of_nothing_is_a_page() -> None:
    page = single.html(Report("onnx", "", "", "", "", "", ()))
    main = main_of(page)
    assert [text_of(heading) for heading in main.iter("h2")] == []
    assert "<svg" not in page


# -- the page over several bundles -------------------------------------------------------------------------------------


def quality(value: float) -> Check:
    return Check.at_least("quality", "accuracy of the artifact", value, None)


def titles_of(reports: list[Report]) -> list[str]:
    return re.findall(r'class="chart"[^>]*><title>([^<]*)', matrix.html(reports, Path()))


def test_the_matrix_has_a_row_for_each_bundle_and_a_column_for_each_figure() -> None:
    fast = a_report(
        "tflite", precision="int8", checks=(*CHECKS, quality(0.91), BROKEN), bundle="out/a b/tflite.rejected"
    )
    lost = a_report("coreml", bundle="", checks=(Check.failed("integrity", "conversion", "it died of SIGSEGV"),))
    main = main_of(matrix.html([a_report(), fast, lost], Path("out")))
    assert text_of(main[0]) == "✗ Fail a model on 3 targets 1 of 3 bundles pass, 2 fail"
    assert [link.get("href") for link in main.iter("a")][:2] == [
        "onnx/report.html",
        "a%20b/tflite.rejected/report.html",
    ]
    verdicts, figures = (
        [[text_of(cell) for cell in row] for row in table.iter("tr")] for table in list(main.iter("table"))[:2]
    )
    assert verdicts == [
        ["bundle", "verdict", "integrity", "parity", "quality", "latency", "size"],
        ["onnx", "✓ pass", "✓ pass", "✓ pass", "–", "· recorded", "· recorded"],
        ["a b/tflite.rejected", "✗ fail", "✓ pass", "✗ fail", "· recorded", "· recorded", "· recorded"],
        ["coreml (no bundle)", "✗ fail", "✗ fail", "–", "–", "–", "–"],
    ]
    assert figures[0] == [
        *("bundle", "precision", "size, MB", "max abs", "worst cosine", "accuracy"),
        *("p50 at 16 tokens, ms", "p50 at 64 tokens, ms", "text to answer, ms", "load, ms", "memory, MB"),
    ]
    assert figures[2] == [
        "a b/tflite.rejected",
        "int8",
        "91",
        "2e-07",
        "1.000000",
        "0.91",
        "3",
        "9.5",
        "3.5",
        "120",
        "220",
    ]
    assert figures[3] == ["coreml (no bundle)", "fp32", *["-"] * 9]


def test_distances_are_to_the_original_over_all_outputs_and_a_nan_is_the_worst() -> None:
    checks = [
        Check.at_most("parity", f"{output} vs {against}: max abs", value, None)
        for output, against, value in [
            ("start_logits", "int8 graph", 9.0),
            ("start_logits", "fp32 original", 3.0),
            ("end_logits", "fp32 original", 2.0),
        ]
    ]
    assert matrix.max_abs(a_report(checks=tuple(checks))) == 3.0
    assert matrix.max_abs(a_report(checks=tuple(checks[:1]))) == 9.0
    assert matrix.max_abs(a_report(checks=())) is None
    undefined = Check.at_most("parity", "end_logits vs fp32 original: max abs", math.nan, None)
    assert math.isnan(matrix.max_abs(a_report(checks=(*checks, undefined))) or 0.0)


def test_the_metric_is_plotted_against_costs_where_it_was_measured_else_the_cosine() -> None:
    plain = [a_report(), a_report("tflite")]
    measured = [replace(one, checks=(*one.checks, quality(0.9))) for one in plain]
    assert titles_of(plain)[:2] == ["Error against latency", "Error against size"]
    assert titles_of(measured)[:2] == ["Accuracy against latency", "Accuracy against size"]
    assert not any("against" in title for title in titles_of([a_report(), a_report("coreml", checks=CHECKS[:2])]))


def test_teacher_and_student_stand_side_by_side_by_their_names() -> None:
    teacher = a_report(model="a teacher", bundle="out/teacher/onnx")
    student = a_report(model="a student", bundle="out/student/onnx", compression=LINEAGE)
    pair = [replace(one, checks=(*one.checks, quality(0.9))) for one in (teacher, student)]
    page = matrix.html(pair, Path("out"))
    main = main_of(page)
    plots = plots_of(page)
    for title in ("Accuracy against latency", "Accuracy against size"):
        assert plots[title] >= {"a teacher", "a student"}
    figures = [[text_of(cell) for cell in row] for row in list(main.iter("table"))[1].iter("tr")]
    assert [row[:2] for row in figures] == [
        ["bundle", "model"],
        ["teacher/onnx", "a teacher"],
        ["student/onnx", "a student"],
    ]
    assert [text_of(heading) for heading in main.iter("h2")].count("Compression") == 1
    assert "Accuracy after each pass, against size" in plots


def test_models_on_several_targets_are_told_apart() -> None:
    reports = [
        a_report(target, model=model, precision=precision, bundle=f"out/{model}/{target}")
        for model in ("teacher", "student")
        for target, precision in (("onnx", "fp32"), ("tflite", "int8"))
    ]
    told = " ".join(plots_of(matrix.html(reports, Path("out")))["Error against size"])
    for name in ("teacher, on onnx, fp32", "teacher, on tflite, int8", "student, on onnx, fp32"):
        assert name in told
    twins = [replace(one, model="student", target="onnx", precision="fp32") for one in reports[:2]]
    rows = [matrix.Row.of(one, Path("out")) for one in (*twins, reports[2])]
    assert matrix.point_names(rows) == ["teacher/onnx", "teacher/tflite", "student/onnx"]


def test_one_model_on_two_targets_tells_its_past_once() -> None:
    pair = [a_report(compression=LINEAGE), a_report("tflite", compression=LINEAGE)]
    titles = titles_of(pair)
    assert titles.count("Accuracy after each pass, against size") == 1


def test_the_plots_of_the_matrix() -> None:
    assert titles_of([a_report(), a_report("tflite")])[2:] == [
        "Largest difference of each text, max abs",
        "Angle of each text, 1 − cosine",
        "The model alone, by length",
        "Every timed call: model, 16 tokens",
        "Every timed call: text to answer, 10 tokens",
    ]
    bare = a_report(checks=(), text_errors=(), timings={})
    assert titles_of([bare, bare]) == []


def test_what_is_the_same_for_all_is_told_once() -> None:
    other = a_report("tflite", facts={"threads": 2, "edgelm": "0.2.0"})
    main = main_of(matrix.html([a_report(), other], Path("out")))
    same = [text_of(pair[0]) for pair in main.iter("div") if len(pair) == 2 and pair[0].tag == "dt"]
    assert same == ["threads", "notes"]
    rows = [[text_of(cell) for cell in row] for row in list(main.iter("table"))[-1].iter("tr")]
    assert rows[0] == ["fact", "onnx", "tflite"]
    assert ["edgelm", "0.1.0", "0.2.0"] in rows
    assert ["runtime", "onnxruntime 1.2", "–"] in rows


@given(st.lists(REPORT, min_size=1, max_size=3))
def test_the_matrix_of_any_reports_is_well_formed(reports: list[Report]) -> None:
    placed = [replace(found, bundle="out/x") for found in reports]
    main_of(matrix.html(placed, Path("out")))
    assert matrix.markdown(placed, Path("out")).count("\n| ") == len(placed) + 1


def test_the_matrix_as_markdown() -> None:
    text = matrix.markdown([a_report(), a_report("tflite", checks=(*CHECKS, BROKEN))], Path("out"))
    assert text.splitlines()[0] == "# ✗ a model on 2 targets: 1 of 2 bundles pass, 1 fail"
    assert "| ✗ | tflite | fp32 | 91 | 2e-07 | 1.000000 | 3 | 9.5 | 3.5 | 120 | 220 |" in text
    assert text.splitlines()[-1] == "- ✗ tflite: parity, logits vs fp32 original: mean abs is 0.5, limit ≤ 0.1"


def test_all_bundles_are_found_where_they_are_now(tmp_path: Path) -> None:
    names = ["onnx", "deep/er/onnx", "tflite.rejected", ".onnx.1234.partial/onnx"]
    for name in names:
        folder = (tmp_path / name).parent
        target = Path(name).name.removesuffix(".rejected")
        saved(a_report(target, checks=(*CHECKS, BROKEN) if "rejected" in name else CHECKS), folder)
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "edgelm.json").write_text("{}")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "report.json").write_text("{}")
    assert [found.bundle for found in report.find(tmp_path)] == [
        str(tmp_path / name) for name in ("deep/er/onnx", "onnx", "tflite.rejected")
    ]
    assert [found.bundle for found in report.find(tmp_path, "*")] == [
        str(tmp_path / "onnx"),
        str(tmp_path / "tflite.rejected"),
    ]


def test_a_bundle_whose_report_is_damaged_is_not_left_out(tmp_path: Path) -> None:
    saved(a_report(), tmp_path)
    saved(a_report("tflite"), tmp_path)
    (tmp_path / "tflite" / "report.json").write_text("{}")
    with pytest.raises(UsageError, match=r"tflite.report\.json is no report"):
        report.find(tmp_path)


def test_the_page_over_several_bundles_is_written_as_page_table_and_list(tmp_path: Path) -> None:
    reports = [saved(a_report(), tmp_path), saved(a_report("tflite"), tmp_path)]
    assert report.write_matrix(reports, tmp_path) == tmp_path / "report.html"
    with (tmp_path / "report.html").open(encoding="utf-8") as being_read:
        assert report.write_matrix(reports[:1], tmp_path) == tmp_path / "report.html", "its own files are replaced"
        assert "2 of 2 bundles pass" in being_read.read(), "a reader has the old page or the new one, never half of one"
    report.write_matrix(reports, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "onnx",
        "report.html",
        "report.json",
        "report.md",
        "tflite",
    ]
    assert report.read_all(tmp_path / "report.json") == reports
    stored = json.loads((tmp_path / "report.json").read_text("utf-8"), parse_constant=pytest.fail)
    jsonschema.validate(stored, SCHEMA, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", ["report.html", "report.md", "report.json"])
def test_what_others_wrote_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="it is left alone"):
        report.write_matrix([a_report(), a_report("tflite")], tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_bundle_keeps_its_own_report(tmp_path: Path) -> None:
    saved(a_report(), tmp_path)
    before = {path: path.read_bytes() for path in (tmp_path / "onnx").iterdir()}
    with pytest.raises(UsageError, match="is a bundle"):
        report.write_matrix([a_report(), a_report("tflite")], tmp_path / "onnx")
    assert {path: path.read_bytes() for path in (tmp_path / "onnx").iterdir()} == before


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [a_report(), a_report("tflite")]
    report.write_matrix(reports, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write_text: Callable[..., int] = Path.write_text

    def full(path: Path, text: str, *rest: Any) -> int:
        write_text(path, text[: len(text) // 2], *rest)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UsageError, match=r"Cannot write to .*: No space left on device"):
        report.write_matrix([*reports, a_report("openvino")], tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_one_bundle_has_no_page_over_several_unless_there_is_one_to_be_kept_true(tmp_path: Path) -> None:
    onnx, tflite = (saved(a_report(target), tmp_path) for target in ("onnx", "tflite"))
    assert report.refresh_matrix([onnx], tmp_path) is None
    assert report.refresh_matrix([onnx, tflite], tmp_path) == tmp_path / "report.html"
    failed = saved(a_report(checks=(*CHECKS, BROKEN)), tmp_path)
    assert report.refresh_matrix([failed], tmp_path) == tmp_path / "report.html"
    assert "2 of 3 bundles pass, 1 fail" in (tmp_path / "report.html").read_text("utf-8")
    names = [Path(one.bundle).name for one in report.read_all(tmp_path / "report.json")]
    assert names == ["onnx.rejected", "onnx", "tflite"]
