"""The ground of a fit: given, or found under the feet of stage II, and what of it stage III may change.

The tilt turns the floor about its anchor, the point amid the feet that it was found from, so that tilt and height are
as independent as the evidence for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.energies.floor import floor_deviation
from motionfit.motion import Floor
from motionfit.pipeline.ground_plane import GroundPlane, tangents


@dataclass(frozen=True)
class Ground:
    """The floors of clips side by side.

    Attributes:
        mode: "given" (held), "level" (height free), "auto" (tilt and height free) or "none" (no floor: the motion
            prior stands in a frame of this direction, at a height of its own per window).
        normal: Unit, up.
        offset: n·p = d on the floor, metres.
        anchor: The point of each floor that its tilt turns it about.
        tilt_precision: Of the slopes along the two `tangents` of the normal, 1/rad².
        height_precision: 1/m².
        start_heights: Without a floor: where the prior's frame of each window starts from, over `offset`.
    """

    mode: str
    normal: Float[Tensor, "clips 3"]
    offset: Float[Tensor, " clips"]
    anchor: Float[Tensor, "clips 3"]
    tilt_precision: Float[Tensor, "clips 2 2"]
    height_precision: Float[Tensor, " clips"]
    start_heights: Float[Tensor, " rows"] | None = None

    @classmethod
    def held(cls, normal: Float[Tensor, "clips 3"], offset: Float[Tensor, " clips"]) -> Ground:
        """Floors that nothing changes."""
        clips = normal.shape[0]
        nothing = normal.new_zeros
        return cls("given", normal, offset, normal * offset[:, None], nothing(clips, 2, 2), nothing(clips))

    @classmethod
    def found(cls, mode: str, planes: Sequence[GroundPlane], like: Tensor) -> Ground:
        """Floors by their estimates, on the device and in the precision of `like`."""
        return cls(
            mode,
            normal=torch.stack([plane.normal for plane in planes]).to(like),
            offset=torch.stack([plane.offset for plane in planes]).to(like),
            anchor=torch.stack([plane.anchor for plane in planes]).to(like),
            tilt_precision=torch.stack([plane.tilt_precision for plane in planes]).to(like),
            height_precision=like.new_tensor([plane.height_precision for plane in planes]),
        )

    @property
    def is_there(self) -> bool:
        """False without a ground: every window then has a height of its own, and nothing sinks or floats."""
        return self.mode != "none"

    def floor(self, clip: int) -> Floor:
        """The floor of one clip before stage III, on the CPU."""
        return Floor(self.normal[clip].cpu(), self.offset[clip].cpu())

    def start(self) -> dict[str, Tensor]:
        """The variables of stage III at its start."""
        clips, nothing = self.normal.shape[0], self.normal.new_zeros
        if self.start_heights is not None:
            return {"prior_height": self.start_heights[:, None]}
        shift = {"floor_shift": nothing(clips, 1)} if self.mode in ("auto", "level") else {}
        return shift | ({"floor_tilt": nothing(clips, 2)} if self.mode == "auto" else {})

    def at(self, values: Mapping[str, Tensor], windows: int) -> tuple[Float[Tensor, "rows 3"], Float[Tensor, " rows"]]:
        """Normal and offset of every window, windows of a clip side by side, for the variables in `values`.

        Where a variable is zero or absent the floor is the same bit for bit.
        """
        normal, offset = self.normal, self.offset
        if "floor_shift" in values:
            offset = offset + values["floor_shift"][:, 0]
        if "floor_tilt" in values:
            normal, change = self._tilted(values["floor_tilt"])
            offset = offset + change
        normal, offset = normal.repeat_interleave(windows, 0), offset.repeat_interleave(windows, 0)
        if "prior_height" in values:
            offset = offset + values["prior_height"][:, 0]
        return normal, offset

    def deviation(self, values: Mapping[str, Tensor]) -> Float[Tensor, " clips"] | None:
        """How unlikely the changes are after the evidence; None where nothing of a floor is free."""
        if "floor_shift" not in values:
            return None
        shift = values["floor_shift"][:, 0]
        tilt = values.get("floor_tilt", shift.new_zeros(shift.shape[0], 2))
        return floor_deviation(tilt, shift, self.tilt_precision, self.height_precision)

    def _tilted(self, tilt: Float[Tensor, "clips 2"]) -> tuple[Tensor, Tensor]:
        """Normals after a tilt, and the change of the offsets that keeps the anchors on the floors."""
        leaning = self.normal - (tilt[:, None] @ tangents(self.normal))[:, 0]
        normal = leaning / (1.0 + tilt.square().sum(-1, keepdim=True)).sqrt()
        return normal, ((normal - self.normal) * self.anchor).sum(-1)
