from __future__ import annotations
from pathlib import Path
from typing import Any
import time
import pytest
from .harness import examine
from .healthy import HEALTHY
from . import graph_faults, storage_faults, text_faults

import os
FAULTS={'graph':graph_faults.FAULTS,'storage':storage_faults.FAULTS,'text':text_faults.FAULTS}
FAULTS=sum([v for k,v in FAULTS.items() if k in os.environ.get('KINDS',k)],())

@pytest.mark.slow
@pytest.mark.parametrize("healthy", HEALTHY, ids=str)
def test_no_false_alarm(healthy, ward):
    found = examine(ward.bundle(healthy).path, ward.model(healthy))
    print(healthy, found)
    assert not found.findings


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_caught(fault, ward, tmp_path):
    patient = ward.patient(fault.where, tmp_path / "bundle")
    fault.plant(patient)
    if fault.sealed:
        patient.seal()
    found = examine(patient.path, patient.model, fault.time_limit_s)
    with open("/tmp/mut/log.txt","a") as f:
        f.write(f"{fault.name} | {fault.where} | {found.verdict}\n")
        for x in found.findings: f.write(f"      {x.name}: {x.figure}\n")
    assert found.verdict != "pass"
    assert found.by(fault.caught_by)
