"""Planted faults are caught, each by the check that is there for it, and nothing is said of healthy bundles.

`make mutation` runs all of it and writes what it finds to benchmarks/MUTATIONS.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from edgelm.bundle import Bundle

from .faults import FAULTS, OWN_FAULTS, SWEEPS
from .harness import Fault, Healthy, Outcome, OwnFault, Sweep, examine
from .healthy import BERT_ONNX, HEALTHY, MPNET

Record = Callable[[str, object], None]


def cases(table: Iterable[Any]) -> list[Any]:
    """Each case of a table, slow unless it is one of the quick ones."""
    return [pytest.param(case, marks=[] if case.quick else [pytest.mark.slow], id=str(case)) for case in table]


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert len(FAULTS) >= 100
    assert len({str(fault) for fault in FAULTS}) == len(FAULTS)
    assert len(HEALTHY) >= 20
    assert len({healthy.name for healthy in HEALTHY}) == len(HEALTHY)


def note(record: Record, kind: str, fault: Fault | OwnFault, found: Outcome) -> None:
    """Leave a row for benchmarks/MUTATIONS.md, of a fault that was missed too."""
    caught = found.by(fault.caught_by)
    record("kind", kind)
    record("fault", fault.name)
    record("where", fault.where)
    record("caught by", caught.name if caught else "")
    record("figure", caught.figure if caught else "")
    record("checks that failed", len(found.findings))


# -- no false alarm ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("healthy", cases(HEALTHY))
def test_nothing_is_said_of_a_healthy_bundle(healthy: Healthy, ward: Any, record_property: Record) -> None:
    found = examine(ward.bundle(healthy).path, ward.model(healthy))
    record_property("healthy", healthy)
    record_property("original", "edgelm's graph")
    record_property("alarms", "; ".join(f"{one.name} {one.figure}" for one in found.findings))
    assert found.findings == ()
    assert found.is_green


@pytest.mark.slow
@pytest.mark.parametrize("healthy", HEALTHY, ids=str)
def test_nor_where_the_original_is_hugging_faces(healthy: Healthy, ward: Any, record_property: Record) -> None:
    found = examine(ward.bundle(healthy).path, ward.model(healthy), hugging_face=True)
    record_property("healthy", healthy)
    record_property("original", "transformers")
    record_property("alarms", "; ".join(f"{one.name} {one.figure}" for one in found.findings))
    assert found.findings == ()
    assert found.is_green


def test_nor_of_a_model_whose_folder_was_renamed(ward: Any, tmp_path: Path) -> None:
    shutil.copytree(ward.model(BERT_ONNX), tmp_path / "renamed")
    assert examine(ward.bundle(BERT_ONNX).path, tmp_path / "renamed").findings == ()


@pytest.mark.slow
def test_nor_on_samples_of_the_users_own(ward: Any, tmp_path: Path) -> None:
    samples = tmp_path / "samples.txt"
    samples.write_text("One.\nThe other is a little longer.\n", "utf-8")
    for healthy in (BERT_ONNX, MPNET):
        assert examine(ward.bundle(healthy).path, ward.model(healthy), samples=samples).findings == ()


# -- every fault is caught ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", cases(FAULTS))
def test_a_fault_is_caught(fault: Fault, patient: Any, tmp_path: Path, record_property: Record) -> None:
    sick = patient(fault.where)
    fault.plant(sick)
    if fault.sealed:
        sick.seal()
    asked: dict[str, Any] = {}
    if fault.samples:
        asked["samples"] = tmp_path / "samples.txt"
        asked["samples"].write_text("\n".join(fault.samples), "utf-8")
    found = examine(sick.path, sick.model, fault.time_limit_s, **asked)
    note(record_property, fault.kind, fault, found)
    assert not found.is_green
    assert found.by(fault.caught_by), found.findings


@pytest.mark.parametrize("fault", cases(OWN_FAULTS))
def test_a_fault_of_edgelms_own_is_caught_by_the_original(fault: OwnFault, ward: Any, record_property: Record) -> None:
    model = ward.model(fault.where)
    with pytest.MonkeyPatch.context() as patched:
        fault.plant(patched)
        bundle: Bundle = ward.export(fault.where)
        fooled = examine(bundle.path, model)
        found = examine(bundle.path, model, hugging_face=True)
    note(record_property, "in edgelm itself", fault, found)
    assert fooled.findings == ()
    assert found.by(fault.caught_by), found.findings


@pytest.mark.parametrize("sweep", cases(SWEEPS))
def test_how_small_a_fault_is_still_caught(sweep: Sweep, patient: Any, record_property: Record) -> None:
    found = {}
    for size in sweep.sizes:
        sick = patient(sweep.where)
        sweep.plant(size)(sick)
        sick.seal()
        found[size] = examine(sick.path, sick.model)
    caught = [size for size, outcome in found.items() if not outcome.is_green]
    missed = [size for size, outcome in found.items() if outcome.is_green]
    assert sweep.sizes[0] in caught
    finding = found[caught[-1]].findings[-1]
    record_property("sweep", sweep.name)
    record_property("where", sweep.where)
    record_property("last caught", f"{caught[-1]:g}")
    record_property("by", f"{finding.name}: {finding.figure}")
    record_property("first missed", f"{missed[0]:g}" if missed else "")
