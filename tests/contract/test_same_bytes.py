"""The same input gives the same bytes: a second export differs in nothing but its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgelm.pipeline import ExportRequest, Plan, export


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("report."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_second_export_gives_the_same_bytes(case: Any, exported: Any, model_of: Any, tmp_path: Path) -> None:
    bundle, _ = exported(case, "text-classification")
    request = ExportRequest(
        str(model_of("text-classification", case.precision)),
        (case.target.name,),
        tmp_path,
        precision=case.precision,
        options=case.options,
        threads=1,
    )
    (report,) = export(Plan(request), lambda *_: None)
    first, second = contents(bundle.path), contents(Path(report.bundle))
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
