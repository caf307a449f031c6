"""How well a number ranks what is sought before what is not."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def average_precision(suspicion: Float[Tensor, " frames"], is_wrong: Bool[Tensor, " frames"]) -> float:
    """Mean, over the wrong ones, of the share of wrong ones among all that are at least as suspicious.

    Ties are as bad as they can be: equal suspicions are all looked at. A number that knows nothing gets the share of
    wrong ones, a perfect one 1. (A dozen lines do not ask for scikit-learn.)

    Raises:
        ValueError: Nothing is wrong.
    """
    if not bool(is_wrong.any()):
        raise ValueError("average precision needs something that is wrong")
    order = torch.argsort(suspicion, descending=True)
    values, hits = suspicion[order], is_wrong[order].double().cumsum(0)
    last_equal = torch.searchsorted(-values, -values, right=True) - 1
    precision = hits[last_equal] / (last_equal + 1.0)
    return float(precision[is_wrong[order]].mean())
