"""A page is one file, forbids scripts, and shows what it is given as text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from edgelm import page
from edgelm.page import Html


@given(st.text())
def test_any_text_is_shown_and_never_read_as_markup(text: str) -> None:
    root = ElementTree.fromstring(page.element("p", text, title=text))
    assert list(root) == []
    visible = page._FORBIDDEN.sub("\ufffd", text)
    assert (root.text or "").replace("\r", "\n") == visible.replace("\r\n", "\n").replace("\r", "\n")


def test_html_is_escaped_once() -> None:
    inner = page.element("b", "a < b")
    assert page.element("p", inner, " & c") == "<p><b>a &lt; b</b> &amp; c</p>"
    assert page.escape(page.escape("<")) == "&lt;"
    assert isinstance(page.join([inner, inner]), Html)


def test_a_document_needs_no_other_file_and_runs_no_script() -> None:
    text = page.document("A & B", page.element("p", "<script>alert(1)</script>"))
    assert "<title>A &amp; B</title>" in text
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)=["'](?!data:)|url\(|@import""", text)
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_a_table_names_its_rows_and_scrolls_in_a_box_of_its_own() -> None:
    table = page.table(("target", "size"), [("onnx", "91 MB")], caption="Targets", numeric=(1,))
    root = ElementTree.fromstring(table)
    assert root.attrib == {"class": "scroll", "role": "region", "aria-label": "Targets", "tabindex": "0"}
    row = root.find("table/tbody/tr")
    assert row is not None
    assert [(cell.tag, cell.text, cell.get("class")) for cell in row] == [
        ("th", "onnx", None),
        ("td", "91 MB", "number"),
    ]
