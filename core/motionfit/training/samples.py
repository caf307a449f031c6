"""What the priors make up by themselves: random poses as a sheet of pictures, random motion as a film."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, vertices
from motionfit.body.skeleton import BODY_JOINTS, CONTACT_JOINTS
from motionfit.datasets.clips import Clip, pose_clip
from motionfit.files.atomic import output_errors
from motionfit.files.video import write_video
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.priors.motion import MotionPrior
from motionfit.priors.pose import POSE_LATENT, PoseAutoencoder
from motionfit.priors.rollout import RollOut, sample
from motionfit.priors.state import MotionState, local_frame, to_local
from motionfit.render.layers import Picture
from motionfit.render.motions import draw_motions
from motionfit.render.png import write_png

FPS = 30.0
"""Of the motion prior."""

_SHEET_POSES, _SHEET_COLUMNS = 15, 5
_FILMED, _FILM_STEPS, _EVERY = 4, 60, 2
_POSE_SIZE = (180, 220)


@torch.no_grad()
def random_poses(prior: PoseAutoencoder, count: int, seed: int) -> Float[Tensor, "poses 21 3 3"]:
    """Poses of latents drawn from the standard normal."""
    return prior.decode(torch.randn(count, POSE_LATENT, generator=torch.Generator().manual_seed(seed)))


def standing(body_pose: Float[Tensor, "poses 21 3 3"], body: BodyModel) -> Motion:
    """Poses as the frames of a motion: upright, each with its lowest vertex on the floor."""
    count = body_pose.shape[0]
    upright = rotation_from_axis_angle(torch.tensor([math.pi / 2, 0.0, 0.0])).expand(count, 3, 3)
    betas, nowhere = torch.zeros(16), torch.zeros(count, 3)
    lowest = vertices(body, betas, nowhere, upright, body_pose)[..., 2].amin(-1)
    height = torch.stack([torch.zeros_like(lowest), torch.zeros_like(lowest), -lowest], -1)
    return Motion(FPS, height, upright, body_pose, betas, body.gender)


def motions_of(rolled: RollOut, body: BodyModel, betas: Float[Tensor, "batch 16"] | None = None) -> list[Motion]:
    """Each row of a roll-out as a motion with its contacts; the first frame has those of the second.

    Args:
        rolled: One step or more.
        body: Gives the gender.
        betas: Shape of each row; by default the mean shape.
    """
    states = rolled.states
    count, frames = states.translation.shape[:2]
    contacts = torch.zeros(count, frames, BODY_JOINTS)
    contacts[:, 1:, list(CONTACT_JOINTS)] = rolled.contact_logits.sigmoid()
    contacts[:, :1] = contacts[:, 1:2]
    shapes = torch.zeros(count, 16) if betas is None else betas
    return [
        Motion(
            fps=FPS,
            translation=states.translation[row],
            root_orientation=states.root_orientation[row],
            body_pose=states.body_pose[row],
            betas=shapes[row],
            gender=body.gender,
            contacts=contacts[row],
        )
        for row in range(count)
    ]


def motion_of_clip(clip: Clip, body: BodyModel) -> Motion:
    """A recording as a motion of its shape."""
    translation, _ = pose_clip(clip, body)
    return Motion(FPS, translation, clip.root_orientation, clip.body_pose, clip.betas, body.gender)


def at_the_origin(initial: MotionState) -> MotionState:
    """States in their local frames: over the origin, facing +y."""
    return to_local(initial, local_frame(initial), initial.trans_to_joint())


def write_pose_sheet(prior: PoseAutoencoder, body: BodyModel, path: Path, seed: int) -> None:
    """Write a PNG of random poses.

    Raises:
        OutputError: It cannot be written there.
    """
    write_png(path, pose_sheet(random_poses(prior, _SHEET_POSES, seed), body))


def pose_sheet(body_pose: Float[Tensor, "poses 21 3 3"], body: BodyModel, columns: int = _SHEET_COLUMNS) -> Picture:
    """Pictures of poses in rows."""
    frames = standing(body_pose, body)
    poses = [frames.slice(place, place + 1) for place in range(frames.frames)]
    return next(draw_motions(poses, body, _POSE_SIZE, columns))


@torch.no_grad()
def write_motion_video(prior: MotionPrior, initial: MotionState, body: BodyModel, path: Path, seed: int) -> None:
    """Write a film of two seconds of random motion from up to four initial states, one per row of `initial`.

    Raises:
        OutputError: It cannot be written there.
    """
    first = at_the_origin(initial.map(lambda tensor: tensor[:_FILMED]))
    rest = body.rest_joints(torch.zeros(1, 16))
    rolled = sample(prior, first, _FILM_STEPS, torch.Generator().manual_seed(seed), rest_joints=rest)
    write_film(motions_of(rolled, body), body, path)


def write_film(motions: list[Motion], body: BodyModel, path: Path, columns: int = 4) -> None:
    """Write motions side by side as a video of 15 frames per second.

    Raises:
        OutputError: It cannot be written there.
    """
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
            film = Path(folder) / path.name
            write_video(film, draw_motions(motions, body, columns=columns, every=_EVERY), FPS / _EVERY)
            film.replace(path)
