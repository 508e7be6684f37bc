"""edgelm's quantization: what each precision costs and gains on every format, and beside the vendors' quantizers.

Parts, one after the other unless some are named: `qat` trains the int8 twin of every model, `models` exports and times
all of them, `vendors` quantizes the built-in model with each vendor's own tool, from edgelm's fp32 artifact and the
same calibration texts. The models come from compress.py; one that is not there is left out, and the page says so.
What is there already under .cache/bench/quantization is not made again, so an interrupted run goes on where it stopped.
The tables go to benchmarks/QUANTIZATION.md. `--rows 40` tries everything on a few rows, in a folder and a page of its
own.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import _quantized_models as models
import _vendor_quantizers as vendors
from _quantized_models import FORMATS, SUBJECTS, Settings
from _record import RESULTS, Table, save
from _vendors import GROUPS
from results import section

PARTS = ("qat", "models", "vendors")
_HEAD = """# Quantization

Written by `benchmarks/quantization.py` (`make bench-quantization`), see [README.md](README.md). Only figures within one
table can be compared.
"""
_MODEL_RECORDS = ("qat/*/compression.json", "bundles/**/report.json", "bench/**/bench.json")
_PACKAGES = ("numpy", "onnxruntime", "openvino", "ai-edge-litert", "coremltools")


def main() -> None:
    """Run the parts that are asked for, and write down everything there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; page: only write the page again")
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--targets", nargs="+", default=list(FORMATS), help="also profiles, such as cpu-server")
    parser.add_argument("--runtimes", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--rows", type=int, help="of the training and development files (default: all)")
    parser.add_argument("--emulated-rows", type=int, default=100, help="for Core ML off a Mac (default: 100)")
    parser.add_argument("--threads", type=int, default=2, help="of every runtime (default: 2)")
    parser.add_argument("--seconds", type=float, default=2, help="of `edgelm bench` (default: 2)")
    parser.add_argument("--repetitions", type=int, default=150, help="timed calls beside the vendors (default: 150)")
    parser.add_argument("--processes", type=int, default=3, help="that are timed beside the vendors (default: 3)")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - {*PARTS, "page"}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    settings = Settings(**{field.name: getattr(arguments, field.name) for field in fields(Settings)})
    parts = arguments.parts or PARTS
    subjects = [SUBJECTS[name] for name in arguments.subjects]
    if "qat" in parts:
        for subject in subjects:
            models.train(subject, settings)
    if "models" in parts:
        for subject in subjects:
            models.exports(subject, arguments.targets, settings)
        keep("models", models.tables(settings), {}, settings)
    if "vendors" in parts:
        vendors.measure_all(arguments.runtimes, settings)
        keep("vendors", vendors.tables(settings), vendors.versions(), settings)
    write_page(settings)


def keep(part: str, tables: list[Table], more: dict[str, str], settings: Settings) -> None:
    """A part's tables with machine, command and versions, under .cache/bench/results."""
    versions = {name: version(name) for name in _PACKAGES} | more | {"threads": str(settings.threads)}
    save(record_name(part, settings), tables, versions, raw_files(part, settings))


def record_name(part: str, settings: Settings) -> str:
    """Of the part's record; a trial's own for a trial."""
    return f"{settings.work.name}-{part}"


def raw_files(part: str, settings: Settings) -> dict[str, Any]:
    """Everything the part's tables were made from, by file."""
    patterns = {"models": _MODEL_RECORDS, "vendors": ("vendors/*.json",)}[part]
    paths = sorted(path for pattern in patterns for path in settings.work.glob(pattern))
    return {str(path.relative_to(settings.work)): json.loads(path.read_text("utf-8")) for path in paths}


def write_page(settings: Settings) -> None:
    """The page, from every part that ever ran; of the others, and of models that are not there, it says so."""
    parts = [_section(part, settings) for part in ("models", "vendors")]
    missing = [subject for subject in SUBJECTS.values() if not subject.is_there]
    untrained = [s for s in SUBJECTS.values() if s.is_there and not models.trained_folder(s, settings).exists()]
    lacking = [f"- {subject.label}: not made by `benchmarks/compress.py` yet, so left out." for subject in missing]
    lacking += [f"- QAT of {subject.label}: not trained yet (`quantization.py qat`)." for subject in untrained]
    place = Path(__file__).with_name("QUANTIZATION.md") if settings.rows is None else settings.work / "QUANTIZATION.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join([_HEAD, *lacking, "", *parts]), "utf-8")
    print(place)


def _section(part: str, settings: Settings) -> str:
    path = RESULTS / f"{record_name(part, settings)}.json"
    if not path.exists():
        return f"## {part}\n\nNot run yet: `python benchmarks/quantization.py {part}`.\n"
    return section({**json.loads(path.read_text("utf-8")), "benchmark": part})


if __name__ == "__main__":
    main()
