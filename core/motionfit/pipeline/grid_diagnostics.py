"""What depends on the spacing of frames, for clips off the grid of the state: judged there, told for their frames."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.metrics.diagnostics import frame_diagnostics
from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.familiarity import DIAGNOSTIC, familiarity_of
from motionfit.pipeline.timeline import Timeline
from motionfit.priors.checkpoints import Priors


def grid_diagnostics(
    timeline: Timeline, motion: Motion, body: BodyModel, floor: Floor, priors: Priors
) -> dict[str, Float[Tensor, " observed"]]:
    """How the motion moves and stands, and how familiar it is, whatever the frame rate of the clip.

    Args:
        timeline: Of the clip.
        motion: On the grid.
        body: Of the motion.
        floor: In the frame of the motion.
        priors: With their calibration.
    """
    found = frame_diagnostics(motion, Observations(motion.fps, motion.frames), body, floor)
    familiarity = familiarity_of(motion, body, floor, priors)
    if familiarity is not None:
        found[DIAGNOSTIC] = familiarity
    return {name: timeline.observed_values(values) for name, values in found.items()}
