"""The values that the views are given: motions to show and what to show of them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor

from motionfit.motion import Motion


@dataclass(frozen=True, eq=False)
class BodyTrack:
    """One motion in a view, such as a stage's result or run B of a comparison.

    Attributes:
        name: Shown in legends.
        motion: In the frame of the observations.
        colour: Of mesh, skeleton, trail and reprojected keypoints.
        visible: False keeps it in the list but out of the picture.
        offset: Metres sideways (along the world's x) in the 3D view.
    """

    name: str
    motion: Motion
    colour: QColor
    visible: bool = True
    offset: float = 0.0


@dataclass(frozen=True)
class ViewOptions:
    """What the 3D view shows.

    Attributes:
        mesh: The skin of the current frame.
        skeleton: Bones and joints of the current frame, seen through the mesh.
        ground: The floor with its metric grid.
        axes: The world axes at the origin.
        contacts: Spheres at joints in contact.
        trail: The way of the root joint.
        follow_root: The view moves along with the first visible track.
        ghosts: Transparent bodies every `ghost_step` frames.
        camera_frustum: The clip's camera.
        ghost_step: Frames between ghosts, at least 1.
    """

    mesh: bool = True
    skeleton: bool = False
    ground: bool = True
    axes: bool = True
    contacts: bool = True
    trail: bool = False
    follow_root: bool = False
    ghosts: bool = False
    camera_frustum: bool = True
    ghost_step: int = 10

    def __post_init__(self) -> None:
        """Check the range of the step."""
        if self.ghost_step < 1:
            raise ValueError(f"ghost_step must be at least 1, not {self.ghost_step}")


@dataclass(frozen=True)
class OverlayOptions:
    """What the camera view draws over the picture.

    Attributes:
        mesh: The fitted body.
        mesh_opacity: 0 (not seen) to 1 (hides the picture).
        observed_keypoints: Detections, coloured by confidence.
        reprojected_keypoints: The body's own BODY_25 points.
        residuals: Lines from observed to reprojected keypoints.
    """

    mesh: bool = True
    mesh_opacity: float = 0.65
    observed_keypoints: bool = True
    reprojected_keypoints: bool = False
    residuals: bool = False

    def __post_init__(self) -> None:
        """Check the range of the opacity."""
        if not 0.0 <= self.mesh_opacity <= 1.0:
            raise ValueError(f"mesh_opacity must lie in 0..1, not {self.mesh_opacity}")
