"""Embeddings whose gradients are sparse in their rows."""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.errors import UsageError

__all__ = ["embedding", "refuse_second"]


def refuse_second() -> None:
    """Gradients are recorded during a backward pass only where they are to be differentiated themselves."""
    if torch.is_grad_enabled():
        raise UsageError("this gradient cannot be differentiated again: leave create_graph = True out.")


def embedding(ids: Tensor, weight: Tensor, sparse: bool = False) -> Tensor:
    """Rows of `weight`, [V, E], for `ids` of any shape: [..., E].

    sparse: the gradient of `weight` is a sparse tensor with each row that occurred, once: it is coalesced, so
    the norm of its values is its norm. A step then costs no more for a larger V. For SGD without momentum or
    decay, where other rows do not move, it makes the same update as the dense gradient.
    """
    if sparse and weight.requires_grad and torch.is_grad_enabled():
        rows: Tensor = _RowSparse.apply(ids, weight)  # type: ignore[no-untyped-call]
        return rows
    return F.embedding(ids, weight)


class _Context(Protocol):
    """What the function below remembers."""

    shape: torch.Size

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]: ...
    def save_for_backward(self, *tensors: Tensor) -> None: ...


class _RowSparse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Context, ids: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.shape = weight.shape
        return F.embedding(ids, weight)

    @staticmethod
    def backward(ctx: _Context, *grad_outputs: Tensor) -> tuple[None, Tensor]:
        refuse_second()
        (gradient,) = grad_outputs
        (ids,) = ctx.saved_tensors
        rows, places = torch.unique(ids.reshape(-1).long(), return_inverse=True)
        # torch's own dense gradient, of an embedding of only these rows: the same sums in the same order.
        values = torch.ops.aten.embedding_dense_backward(
            gradient.reshape(-1, ctx.shape[1]), places, len(rows), -1, False
        )
        return None, torch.sparse_coo_tensor(
            rows.unsqueeze(0), values, ctx.shape, is_coalesced=True, check_invariants=False
        )
