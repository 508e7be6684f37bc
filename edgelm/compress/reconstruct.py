"""Least squares for a linear layer behind a cut: solved anew without training, it answers as before the cut."""

from __future__ import annotations

import torch

from edgelm.errors import UsageError

RIDGE = 1e-3
"""Of the inputs' mean variance: how strongly the weights are held where they are."""


class LeastSquares:
    """The linear layer that best gives ``y`` from ``x``, over any number of batches, of which none is kept.

    Minimises ``|x W^T + b - y|^2 / n + ridge * m * |W - W0|^2``, where ``m`` is the mean variance of the inputs and
    ``W0`` the weights to hold on to. The sums are float64. The closed form is that of Kwon et al. (2022) and
    K-prune (Park et al. 2024), with their damping turned towards the weights that are there: on the sample the answer
    is never further from ``y`` than that of ``W0``, whatever its bias.
    """

    def __init__(self, inputs: int, outputs: int, ridge: float = RIDGE) -> None:
        if ridge < 0:
            raise UsageError(f"A ridge of {ridge} is below 0.")
        self.ridge = ridge
        self.rows = 0
        self._x = torch.zeros(inputs, dtype=torch.float64)
        self._y = torch.zeros(outputs, dtype=torch.float64)
        self._xx = torch.zeros(inputs, inputs, dtype=torch.float64)
        self._xy = torch.zeros(inputs, outputs, dtype=torch.float64)

    def add(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Take in rows ``x`` [n, inputs] and what is wanted of them ``y`` [n, outputs]; the order does not matter."""
        x, y = x.detach().to("cpu", torch.float64), y.detach().to("cpu", torch.float64)
        self.rows += len(x)
        self._x += x.sum(0)
        self._y += y.sum(0)
        self._xx += x.T @ x
        self._xy += x.T @ y

    def solve(self, weight: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """``weight`` [outputs, inputs] and ``bias`` [outputs], float64; UsageError when nothing was added.

        ``weight`` is what the ridge holds on to, 0 without it.
        """
        if not self.rows:
            raise UsageError("There are no tokens to reconstruct a layer from.", hint="Give sample texts.")
        held = torch.zeros_like(self._xy) if weight is None else weight.detach().to("cpu", torch.float64).T
        mean_x, mean_y = self._x / self.rows, self._y / self.rows
        covariance = self._xx / self.rows - torch.outer(mean_x, mean_x)
        missing = self._xy / self.rows - torch.outer(mean_x, mean_y) - covariance @ held
        damped = covariance + self.ridge * covariance.diagonal().mean() * torch.eye(len(mean_x), dtype=torch.float64)
        # Symmetric, and where inputs are constant or repeated without full rank: the least change of the weights.
        solved = held + torch.linalg.pinv(damped, hermitian=True) @ missing
        return solved.T.contiguous(), mean_y - mean_x @ solved
