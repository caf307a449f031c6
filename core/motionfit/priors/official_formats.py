"""The published checkpoints that are known, told by the names of their tensors, and an empty model for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from motionfit.priors.checkpoints import INITIAL_STATE, MOTION_PRIOR, POSE_PRIOR
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import POSE_WIDTH, PosePrior
from motionfit.priors.pose_first import PosePriorFirst
from motionfit.priors.shape_causes import motion_cause, pose_cause

MIXTURE_ARRAYS = ("weights", "means", "covariances")

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class OfficialFormat:
    """A kind of published checkpoint.

    Attributes:
        title: For people.
        kind: Of the prior that it becomes.
        first_names: Tensors that it alone has begin like this.
        build: An empty model as wide as the tensors say.
        cause: Why a tensor has another shape than the model's, in words; empty where nothing is known.
    """

    title: str
    kind: str
    first_names: tuple[str, ...]
    build: Callable[[Tensors], nn.Module]
    cause: Callable[[str, tuple[int, ...]], str]


def recognise(tensors: Tensors) -> OfficialFormat | None:
    """The format that tensors are of; None where it is none that is known."""
    return next((each for each in FORMATS if any(name.startswith(each.first_names) for name in tensors)), None)


def _pose_second(tensors: Tensors) -> nn.Module:
    return PosePrior(_units(tensors, "encoder_net.2.weight", POSE_WIDTH))


def _pose_first(tensors: Tensors) -> nn.Module:
    return PosePriorFirst(_units(tensors, "bodyprior_enc_fc1.weight", POSE_WIDTH))


def _motion(tensors: Tensors) -> nn.Module:
    usual = MotionPriorWidths()
    return MotionPrior(
        MotionPriorWidths(
            encoder=_hidden(tensors, "encoder", usual.encoder),
            prior=_hidden(tensors, "prior_net", usual.prior),
            decoder=_hidden(tensors, "decoder", usual.decoder),
        )
    )


def _units(tensors: Tensors, name: str, usual: int) -> int:
    return int(tensors[name].shape[0]) if name in tensors and tensors[name].ndim == 2 else usual


def _hidden(tensors: Tensors, network: str, usual: tuple[int, ...]) -> tuple[int, ...]:
    """Units of the hidden layers of a perceptron: rows of its matrices, but for the last."""
    rows: list[int] = []
    while (matrix := tensors.get(f"{network}.net.{3 * len(rows)}.weight")) is not None and matrix.ndim == 2:
        rows.append(int(matrix.shape[0]))
    return tuple(rows[:-1]) if len(rows) > 1 else usual


MIXTURE_FORMAT = OfficialFormat(
    "HuMoR's initial-state mixture", INITIAL_STATE, MIXTURE_ARRAYS, lambda _: InitialStateMixture(), lambda *_: ""
)
FORMATS = (
    OfficialFormat("VPoser v1", POSE_PRIOR, ("bodyprior_",), _pose_first, pose_cause),
    OfficialFormat("VPoser v2", POSE_PRIOR, ("encoder_net.", "decoder_net."), _pose_second, pose_cause),
    OfficialFormat("HuMoR", MOTION_PRIOR, ("encoder.net.", "prior_net.net.", "decoder.net."), _motion, motion_cause),
    MIXTURE_FORMAT,
)
