"""A conditional random field against every path there is, and against pytorch-crf."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from edgelm.crf import CRF


def field(rng: np.random.Generator, labels: int) -> CRF:
    return CRF(rng.normal(size=labels), rng.normal(size=(labels, labels)) * 2, rng.normal(size=labels))


def score(crf: CRF, logits: np.ndarray, path: tuple[int, ...]) -> float:
    """Of one path, as Lafferty et al. write it down."""
    ends = crf.start_transitions[path[0]] + crf.end_transitions[path[-1]]
    steps = sum(crf.transitions[a, b] for a, b in pairwise(path))
    return float(ends + steps + sum(logits[i, label] for i, label in enumerate(path)))


@pytest.mark.parametrize("labels", [1, 2, 4])
@pytest.mark.parametrize("tokens", [1, 2, 5])
def test_best_path_and_probabilities_over_all_paths(tokens: int, labels: int) -> None:
    rng = np.random.default_rng(10 * tokens + labels)
    crf, logits = field(rng, labels), rng.normal(size=(tokens, labels))
    paths = list(product(range(labels), repeat=tokens))
    weights = np.exp([score(crf, logits, path) for path in paths])
    probabilities = np.zeros((tokens, labels))
    for path, weight in zip(paths, weights / weights.sum(), strict=True):
        probabilities[np.arange(tokens), path] += weight
    best = paths[int(weights.argmax())]
    assert tuple(crf.best_path(logits)) == best
    np.testing.assert_allclose(crf.marginals(logits), probabilities, atol=1e-12)
    scores = crf.scores(logits)
    assert tuple(scores.argmax(axis=1)) == best
    np.testing.assert_allclose(scores.max(axis=1), probabilities[np.arange(tokens), best], atol=1e-12)
    assert np.count_nonzero(scores) == tokens


def test_pytorch_crf_finds_the_same_path(torch: Any) -> None:
    """In batches with padding, which its mask takes out; a field here is given the tokens of one text alone."""
    import torchcrf

    torch.manual_seed(0)
    theirs = torchcrf.CRF(9, batch_first=True)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=2.0)
    own = {name: parameter.detach().double().numpy() for name, parameter in theirs.named_parameters()}
    ours = CRF(**own)
    logits, lengths = torch.randn(12, 40, 9), [40, 1, 2, *range(3, 39, 4)]
    mask = torch.arange(40)[None] < torch.tensor(lengths)[:, None]
    for row, length, path in zip(logits, lengths, theirs.decode(logits, mask), strict=True):
        assert ours.best_path(row[:length].numpy()).tolist() == path
