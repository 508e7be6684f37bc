"""Whether a bundle is what its source and its own manifest say: digests, manifest, tokenizer, golden files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.bundle import Bundle
from edgelm.calibrate import FILE as CALIBRATION
from edgelm.checkpoint import read_json
from edgelm.errors import UsageError
from edgelm.golden import Case
from edgelm.graph import quantize, rewrites
from edgelm.graph.ir import Graph, GraphError, Tensor
from edgelm.graph.quantize import Calibration
from edgelm.source import Form, shipped_graph
from edgelm.tokenizer import Text, TextTokenizer
from edgelm.types import Array, Check, TensorSpec, Tolerance
from edgelm.validate import parity

_LARGE = 4096
"""Values of a weight that is looked for in the artifact's files; of the others, every one counts in every answer."""
_MARK_BYTES = 64
_UNSIGNED_ZERO = {"int4": 8, "int8": 128}
"""As formats without a sign store 0."""


def digests(bundle: Bundle) -> Check:
    """Every file is the one that was exported."""
    return _none("files changed since the export", bundle.changed)


def manifest(bundle: Bundle, expected: Mapping[str, Any]) -> Check:
    """Every entry that follows from the source says what the source says."""
    wrong = [key for key, value in expected.items() if bundle.manifest.get(key) != value]
    return _none("manifest entries other than the original's", wrong)


def signature(
    bundle: Bundle, names: Sequence[str], outputs: Sequence[TensorSpec], golden_inputs: Mapping[str, Array]
) -> Check:
    """The artifact takes and gives what the graph does; sizes that a format fixes are its own.

    So are the types of its inputs, which the golden files have too.
    """
    found = bundle.manifest["artifact"]
    dtypes = {spec["name"]: spec["dtype"] for spec in found["inputs"]}
    given = {spec["name"]: (spec["dtype"], _sizes(spec["shape"])) for spec in found["outputs"]}
    wanted = {spec.name: (spec.dtype, _sizes(spec.shape)) for spec in outputs}
    wrong = sorted(dtypes.keys() ^ names)
    wrong += [name for name, array in golden_inputs.items() if dtypes.get(name, array.dtype) != array.dtype]
    wrong += [name for name in {**wanted, **given} if given.get(name) != wanted.get(name)]
    return _none("inputs and outputs other than the original's", wrong)


def tokenizer(bundle: Bundle, source: TextTokenizer) -> Check:
    """The tokenizer's files are the source's own, in what no text here has too, and for apps that read them otherwise.

    tokenizer.json is held against the source's by what it says, for its spelling changes with the library's version.
    """
    own = TextTokenizer.from_bundle(bundle.path, bundle.manifest["tokenizer"])
    state = read_json(bundle.path / "tokenizer.json")
    is_cut = bool(state.get("truncation") or state.get("padding"))
    wrong = ["tokenizer.json"] if is_cut or own.tokenizer.to_str() != source.tokenizer.to_str() else []
    plain = source.facts.files[1:]
    wrong += [name for name in plain if _content(bundle.path / name) != _content(source.folder / name)]
    return _none("tokenizer files other than the original's", wrong)


def tokens(texts: Sequence[Text], source: TextTokenizer, original: Sequence[Mapping[str, Array]]) -> Check:
    """The source's tokenizer, as it is read here, gives the ids the original is fed, and its token types if any."""
    wrong = []
    for text, wanted in zip(texts, original, strict=True):
        encoding = source.encode(text)
        found = {"input_ids": encoding.ids, "token_type_ids": encoding.type_ids}
        if any(found[name] != array.tolist() for name, array in wanted.items()):
            wrong.append(" ".join([text] if isinstance(text, str) else text)[:40])
    return _none("texts tokenized otherwise than by transformers", wrong)


def weights(bundle: Bundle, graph: Graph) -> Check:
    """Every large weight stands in the artifact's files value for value, as the graph that was shipped stores it.

    No text reads all rows of an embedding. A matrix may stand there turned, narrowed to float16, as unsigned bytes for
    int8, or as pairs of int4; a format that holds none of them in any such form is left to parity.
    """
    large = [tensor for tensor in graph.constants if tensor.data is not None and tensor.data.size >= _LARGE]
    contents = [(bundle.path / name).read_bytes() for name in bundle.manifest["artifact"]["files"]]
    missing = [t.name for t in large if not any(_holds(held, form) for form in _forms(t) for held in contents)]
    name = "weights other than the graph's"
    if len(missing) == len(large):
        return Check.at_most("integrity", name, len(missing), None)
    return _none(name, missing)


def check_calibration(bundle: Bundle, graph: Graph, form: Form) -> None:
    """UsageError where a bundle's calibration is not one of that graph, the source's before any rewrite."""
    if form.calibration is None:
        return
    try:
        found = list(_misfits(rewrites.apply(graph, form.rewrites), form, form.calibration))
        problem = ", ".join(found[:3])
        if not found:
            shipped_graph(graph, form)
    except GraphError as error:
        problem = error.message
    if problem:
        raise UsageError(
            f"{bundle.path / CALIBRATION} is not of this model: {problem}.", hint="Export the bundle again."
        )


def _misfits(graph: Graph, form: Form, calibration: Calibration) -> Iterator[str]:
    """The tensors by channel that the graph has not, or in another width."""
    graph = quantize.with_unit_rows(graph, quantize.quantized_linears(graph, form.scheme), calibration.unit_rows)
    for field in ("smoothing", "output_factors", "corrections"):
        for name, array in getattr(calibration, field).items():
            if name not in graph.tensors:
                yield f"it has no {name}"
            elif graph[name].shape[-1:] != array.shape:
                yield f"{name} is {list(array.shape)} in {field}, not {list(graph[name].shape[-1:])}"


def _forms(tensor: Tensor) -> Iterator[Array]:
    """A constant's values as formats store them."""
    data = np.asarray(tensor.data)
    if tensor.dtype == "int4":
        yield from (_pairs(data + zero) for zero in (0, _UNSIGNED_ZERO["int4"]))
        return
    yield data
    yield np.ascontiguousarray(data.T)
    if data.dtype == np.int8:
        yield (data.astype(np.int16) + _UNSIGNED_ZERO["int8"]).astype(np.uint8)
    if data.dtype == np.float32:
        with np.errstate(over="ignore"):
            yield data.astype(np.float16)


def _pairs(values: Array) -> Array:
    """int4 values two to a byte, the first in the lower half."""
    halves = values.astype(np.uint8) & 15
    packed: Array = halves[..., ::2] | halves[..., 1::2] << 4
    return packed


def _holds(content: bytes, array: Array) -> bool:
    """Whether an array's bytes stand in a file; found by those at its largest value, which are seldom another's."""
    wanted = array.tobytes()
    start = int(np.abs(array).argmax()) * array.itemsize
    mark, at = wanted[start : start + _MARK_BYTES], -1
    while (at := content.find(mark, at + 1)) >= 0:
        if at >= start and content[at - start : at - start + len(wanted)] == wanted:
            return True
    return False


def golden(
    cases: Sequence[Case],
    inputs: Sequence[Mapping[str, Array]],
    outputs: Sequence[Mapping[str, Array]],
    specs: Sequence[TensorSpec],
    tolerance: Tolerance,
) -> Iterator[Check]:
    """The golden inputs are the texts' own, and the golden outputs what the graph says of them."""
    wrong = [
        " ".join(case.texts)[:40]
        for case, arrays in zip(cases, inputs, strict=True)
        if set(case.inputs) != set(arrays)
        or any(not np.array_equal(case.inputs[name], array) for name, array in arrays.items())
    ]
    yield _none("golden inputs other than the original's", wrong)
    masks = [arrays["attention_mask"] for arrays in inputs]
    found = parity.compare(outputs, [case.outputs for case in cases], masks, specs, tolerance, "the graph")
    yield from (replace(check, group="integrity", name=f"golden {check.name}") for check in found if check.limit)


def golden_tolerance(bundle: Bundle, tolerance: Tolerance) -> Check:
    """The golden files ask for as much as the target does."""
    found = read_json(bundle.path / "golden" / "golden.json").get("tolerance")
    asked = found if isinstance(found, Mapping) else {}
    limits = {name: limit for name, limit in asdict(tolerance).items() if limit is not None}
    wrong = [name for name, limit in limits.items() if _is_looser(name, asked.get(name), limit)]
    return _none("golden limits looser than the target's", wrong)


def _is_looser(name: str, found: float | None, limit: float) -> bool:
    if found is None:
        return True
    return found < limit if name.startswith("min_") else found > limit


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _none(name: str, wrong: Sequence[str]) -> Check:
    """A check that there are none of these."""
    return replace(Check.at_most("integrity", name, len(wrong), 0), reason=", ".join(wrong[:5]))


def _sizes(shape: Sequence[int | str]) -> list[int | str]:
    """A shape without its batch, which formats of a batch of one fix."""
    return list(shape[1:])
