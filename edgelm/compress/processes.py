"""What the processes of one training do together: share a batch, average the gradients, agree on a figure.

The model is not wrapped: what it is cut to in the middle of a training needs no new wrapper, parameters that a batch
leaves unused need no search, and an objective sees the model itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from edgelm.types import Array


def share(indices: Array, accelerator: Accelerator) -> tuple[Array, float]:
    """This process's rows of a batch, and the weight of their mean in the mean over all processes."""
    count = accelerator.num_processes
    if count == 1:
        return indices, 1.0
    whole = indices if len(indices) >= count else np.resize(indices, count)
    own: Array = np.array_split(whole, count)[accelerator.process_index]
    return own, len(own) * count / len(whole)


def average_(loss: Tensor, parameters: Sequence[nn.Parameter], accelerator: Accelerator) -> Tensor:
    """The mean loss over all processes; the gradients become their means, in place, with one exchange for all of them.

    A gradient that no process has stays None, so that the optimizer leaves its parameter alone.
    """
    if accelerator.num_processes == 1:
        return loss
    grads = [torch.zeros_like(one) if one.grad is None else one.grad for one in parameters]
    has_grad = torch.tensor([one.grad is not None for one in parameters], dtype=torch.float32, device=loss.device)
    flat = torch.cat([loss.float().reshape(1), has_grad, *(grad.reshape(-1).float() for grad in grads)])
    flat = accelerator.reduce(flat, reduction="mean")
    sizes = [1, len(parameters), *(grad.numel() for grad in grads)]
    mean, present, *parts = flat.split(sizes)
    for parameter, part, is_present in zip(parameters, parts, present.tolist(), strict=True):
        parameter.grad = part.view_as(parameter).to(parameter.dtype) if is_present else None
    return mean[0]


def from_main(value: float, accelerator: Accelerator) -> float:
    """The main process's figure, in every process."""
    if accelerator.num_processes == 1:
        return value
    return float(broadcast(torch.tensor(value, dtype=torch.float64, device=accelerator.device)))
