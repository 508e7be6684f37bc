"""A conditional random field over a tagger's logits (Lafferty et al. 2001): the best labels, and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelm.types import Array


@dataclass(frozen=True)
class CRF:
    """Scores that are added along a path of labels, float64, as pytorch-crf names them."""

    start_transitions: Array
    """[labels]: of the first label."""
    transitions: Array
    """[labels, labels]: from a label to the one after it."""
    end_transitions: Array
    """[labels]: of the last label."""

    @classmethod
    def from_rules(cls, rules: Mapping[str, Any]) -> CRF:
        """Of a bundle's decode rules."""
        return cls(*(np.asarray(rules[name], np.float64) for name in ("start", "transitions", "end")))

    def scores(self, logits: Array) -> Array:
        """[tokens, labels]: 0 but for the labels of the best path, each of which has its probability at its token.

        ``logits`` [tokens, labels], of the tokens the field was trained on, in their order.
        """
        path, rows = self.best_path(logits), np.arange(len(logits))
        scores = np.zeros(logits.shape)
        scores[rows, path] = self.marginals(logits)[rows, path]
        return scores

    def best_path(self, logits: Array) -> Array:
        """[tokens]: the labels whose sum of logits and transitions is the largest (Viterbi 1967).

        Of equal ones the first; the sums are float64.
        """
        score = self.start_transitions + logits[0]
        origins = []
        for row in logits[1:]:
            reached = score[:, None] + self.transitions
            origins.append(reached.argmax(axis=0))
            score = reached.max(axis=0) + row
        path = [int((score + self.end_transitions).argmax())]
        for origin in reversed(origins):
            path.append(int(origin[path[-1]]))
        return np.asarray(path[::-1])

    def marginals(self, logits: Array) -> Array:
        """[tokens, labels]: the probability of each label at each token over all paths (forward-backward)."""
        forward = [self.start_transitions + logits[0]]
        for row in logits[1:]:
            forward.append(np.logaddexp.reduce(forward[-1][:, None] + self.transitions, axis=0) + row)
        backward = [self.end_transitions]
        for row in logits[:0:-1]:
            backward.append(np.logaddexp.reduce(self.transitions + (row + backward[-1]), axis=1))
        total = np.logaddexp.reduce(forward[-1] + self.end_transitions)
        marginals: Array = np.exp(np.stack(forward) + np.stack(backward[::-1]) - total)
        return marginals
