"""The optimiser of pretraining: orthogonalised momentum for matrices, Adam for the rest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrix: Tensor, steps: int = 5, *, half: bool = False) -> Tensor:
    """Bring a matrix's singular values near 1 by Newton-Schulz steps.

    Args:
        matrix: Shape (rows, columns).
        steps: Number of steps; five suffice for an optimiser.
        half: Compute in bfloat16, as the source does.

    Returns:
        A matrix of the same shape and nearly the same singular vectors.

    Source:
        Jordan et al. 2024, Muon (kellerjordan.github.io/posts/muon).
    """
    a, b, c = _NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    found = matrix.transpose(0, 1) if tall else matrix
    found = found / (found.norm() + 1e-7)
    if half:
        found = found.bfloat16()
    for _ in range(steps):
        square = found @ found.transpose(0, 1)
        found = a * found + (b * square + c * square @ square) @ found
    return found.transpose(0, 1) if tall else found  # type: ignore[no-any-return]


class MatrixMomentum:
    """Muon for the encoder's matrices; Adam for embeddings, norms and biases.

    It learns about as much a token as Adam does in one and a half: what counts where tokens are few.
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        others: Iterable[nn.Parameter],
        *,
        matrix_rate: float,
        other_rate: float,
        momentum: float = 0.95,
        decay: float = 0.05,
        half: bool = False,
    ) -> None:
        self.matrices = list(matrices)
        self.others = list(others)
        self.matrix_rate, self.other_rate = matrix_rate, other_rate
        self.momentum, self.decay, self.half = momentum, decay, half
        self.moments = [torch.zeros_like(matrix) for matrix in self.matrices]
        self.adam = torch.optim.AdamW(self.others, lr=other_rate, betas=(0.9, 0.98), weight_decay=0.0)

    def step(self, share: float) -> None:
        """Take one step and forget the gradients.

        Args:
            share: Share of the highest learning rates to use, in [0, 1].
        """
        rate = self.matrix_rate * share
        with torch.no_grad():
            for matrix, moment in zip(self.matrices, self.moments, strict=True):
                if matrix.grad is None:
                    continue
                moment.lerp_(matrix.grad, 1 - self.momentum)
                ahead = matrix.grad.lerp(moment, self.momentum)
                tallness = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
                matrix.mul_(1 - rate * self.decay)
                matrix.add_(orthogonalise(ahead, half=self.half).to(matrix.dtype), alpha=-rate * tallness)
                matrix.grad = None
        torch.nn.utils.clip_grad_norm_(self.others, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.other_rate * share
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)

    def state(self) -> dict[str, object]:
        """Give what a checkpoint must hold to go on: the momenta (Adam's are rebuilt in some steps)."""
        return {"moments": [moment.to(torch.bfloat16) for moment in self.moments]}

    def restore(self, state: dict[str, list[Tensor]]) -> None:
        """Take up what `state` gave."""
        for moment, stored in zip(self.moments, state["moments"], strict=True):
            moment.copy_(stored)
