"""Quantiles and distributions of what comes next in a series."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from hitherto.heads import FLOOR, SMALL, check_levels
from hitherto.model.losses.chunks import Targets, elementwise

__all__ = ["gaussian", "negative_binomial", "quantile", "student_t"]


def quantile(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    levels: Sequence[float],
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """The pinball loss, summed over levels. A parameter stays with its level: only predictions are sorted."""
    levels = check_levels(levels)

    def loss_of(params: Tensor, y: Tensor, _of_rows: object) -> Tensor:
        level = params.new_tensor(levels)
        error = y.unsqueeze(-1) - params
        return torch.maximum(level * error, (level - 1) * error).sum(-1)

    return elementwise(features, weight, bias, targets, [horizon, channels, len(levels)], loss_of)


def gaussian(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """Minus the log-density of the scaled value."""

    def loss_of(params: Tensor, y: Tensor, _of_rows: object) -> Tensor:
        mean, b = params.unbind(-1)
        deviation = F.softplus(b) + FLOOR
        return 0.5 * ((y - mean) / deviation).square() + deviation.log() + 0.5 * math.log(2 * math.pi)

    return elementwise(features, weight, bias, targets, [horizon, channels, 2], loss_of)


def student_t(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """Minus the log-density of the scaled value."""

    def loss_of(params: Tensor, y: Tensor, _of_rows: object) -> Tensor:
        centre, b, c = params.unbind(-1)
        width, freedom = F.softplus(b) + FLOOR, F.softplus(c) + 2 + FLOOR
        half = freedom.double() / 2  # the difference of two large logarithms
        inside = (torch.lgamma(half) - torch.lgamma(half + 0.5)).to(params.dtype)
        z = (y - centre) / width
        tail = (freedom + 1) / 2 * torch.log1p(z.square() / freedom)
        return inside + 0.5 * (freedom * math.pi).log() + width.log() + tail

    return elementwise(features, weight, bias, targets, [horizon, channels, 3], loss_of)


def negative_binomial(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Targets,
    *,
    horizon: int = 1,
    channels: int = 1,
) -> tuple[Tensor, Tensor]:
    """Minus the log-probability of the count y * scale. targets: `scale`, broadcast against y, or 1."""
    scales = targets.get("scale")

    def loss_of(params: Tensor, y: Tensor, of_rows: Callable[[Tensor], Tensor]) -> Tensor:
        a, b = params.double().unbind(-1)  # in differences of large logarithms float32 would lose the count
        scale = torch.ones_like(y) if scales is None else of_rows(scales).expand_as(y)
        scale = scale.double().nan_to_num(1.0)  # unknown only where y is
        mean, dispersion = (F.softplus(a) + SMALL) * scale, F.softplus(b) + SMALL
        count, r, ratio = (y * scale).round(), 1 / dispersion, dispersion * mean
        ways = torch.lgamma(count + r) - torch.lgamma(r) - torch.lgamma(count + 1)
        return ((count + r) * torch.log1p(ratio) - ways - count * ratio.log()).to(params.dtype)

    return elementwise(features, weight, bias, targets, [horizon, channels, 2], loss_of)
