"""Which joints touch the ground in stage III: by the motion prior, by being near it and slow, as the user says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.body.resting import resting_heights
from motionfit.body.skeleton import BODY_JOINTS, CONTACT_JOINTS, JOINT_NAMES
from motionfit.energies.contacts import resting_height, resting_probability
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.timeline import Timeline
from motionfit.pipeline.windows import Windows

SOFT_JOINTS: tuple[int, ...] = (1, 2, 3, 6, 9, 18, 19)
"""Hips, back and elbows: joints of which the motion prior predicts no contact."""

_SLACK = 0.02
"""Bodies are of another shape than the mean, and soft, metres."""


@dataclass(frozen=True)
class Contacts:
    """What is known of the contacts of a clip.

    Attributes:
        lowest: Height of each joint over the ground while it rests, at least, metres.
        highest: Likewise, at most.
        is_told: Where the user says what touches, on the grid of the clip; None = nowhere.
        told: What the user says there.
    """

    lowest: Float[Tensor, "joints=22"]
    highest: Float[Tensor, "joints=22"]
    is_told: Bool[Tensor, "frames 22"] | None = None
    told: Float[Tensor, "frames 22"] | None = None

    @classmethod
    def of(cls, body: BodyModel, overrides: Sequence[ContactOverride] = (), line: Timeline | None = None) -> Contacts:
        """The contacts that a body can have, and those that the user told of a clip with this timeline.

        Raises:
            SettingsError: An override asks for frames that the clip does not have.
        """
        heights = resting_heights(body)
        lowest, highest = heights.lowest - _SLACK, heights.highest + _SLACK
        if not overrides or line is None:
            return cls(lowest, highest)
        is_told = torch.zeros(line.frames, BODY_JOINTS, dtype=torch.bool, device=lowest.device)
        told = lowest.new_zeros(line.frames, BODY_JOINTS)
        for override in overrides:
            start, stop = line.grid_span(override.start, override.stop)
            joints = [JOINT_NAMES.index(name) for name in override.joints]
            is_told[start:stop, joints] = True
            told[start:stop, joints] = override.value
        return cls(lowest, highest, is_told, told)

    def probabilities(
        self,
        logits: Float[Tensor, "rows steps 9"],
        joints: Float[Tensor, "rows frames 22 3"],
        fps: float,
        windows: Windows,
        on_ground: bool,
    ) -> Float[Tensor, "rows frames 22"]:
        """How surely each joint touches the ground.

        Args:
            logits: Of the motion prior for `CONTACT_JOINTS`, from the second frame on.
            joints: Metres, the ground at z = 0.
            fps: Frames per second.
            windows: Of each clip; its rows lie side by side.
            on_ground: False where there is no ground to be near to.
        """
        rows, frames = joints.shape[:2]
        found = joints.new_zeros(rows, frames, BODY_JOINTS)
        predicted = logits.sigmoid()
        found[..., list(CONTACT_JOINTS)] = torch.cat([predicted[:, :1], predicted], 1)
        if on_ground:
            found[..., list(SOFT_JOINTS)] = self._soft(joints[..., SOFT_JOINTS, :].detach(), fps)
        if self.is_told is None or self.told is None:
            return found
        spans = [slice(start, start + frames) for start, _ in windows]
        repeats = (rows // len(windows), 1, 1)
        is_told = torch.stack([self.is_told[span] for span in spans]).repeat(repeats)
        return torch.where(is_told, torch.stack([self.told[span] for span in spans]).repeat(repeats), found)

    def height_term(
        self, joints: Float[Tensor, "rows frames 22 3"], contacts: Float[Tensor, "rows frames 22"]
    ) -> Float[Tensor, "rows frames"]:
        """How far what touches is over or in the ground z = 0, metres."""
        return resting_height(joints[..., 2], contacts, self.lowest, self.highest)

    def _soft(self, joints: Float[Tensor, "rows frames joints 3"], fps: float) -> Float[Tensor, "rows frames joints"]:
        steps = joints.diff(dim=1).norm(dim=-1) * fps
        speeds = torch.cat([steps[:, :1], steps], 1) if steps.shape[1] else torch.zeros_like(joints[..., 0])
        return resting_probability(joints[..., 2], speeds, self.highest[list(SOFT_JOINTS)])
