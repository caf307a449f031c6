"""The files of the demo clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motionfit.body.model import BodyModel
from motionfit.demo_clip.film import LEGS, MISSING_FRAME, NOISE_PX, Film
from motionfit.demo_clip.scene import Scene
from motionfit.files.amass import amass_arrays
from motionfit.files.demo import OBSERVATIONS_FILE, TRUTH_FILE
from motionfit.files.npz import array_of, write_npz
from motionfit.files.video import write_video
from motionfit.motion import Motion

VIDEO_FILE = "clip.mp4"

_README = """# The demo clip

Made by `python -m motionfit.demo_clip`; every number and every pixel is ours, released under CC BY-SA 3.0 like the
motion prior that performed the motion (see `../priors` for its sources and their acknowledgements).

| file | what |
|---|---|
| `clip.mp4` | {frames} frames at {fps:g} fps, {width}×{height}, H.264, static camera |
| `observations.npz` | `keypoints2d` (frames, 25, 3): BODY_25 pixels and confidence; `intrinsics`; `image_size`; `fps`; `floor` (normal, offset) in the camera frame |
| `truth.npz` | the true motion in the AMASS layout, world z up, floor z = 0, with `contacts` (22 joints); `camera_rotation` and `camera_translation`, camera from world |

The keypoints have Gaussian noise of {noise:g} px. In frame {missing} nobody was detected. A trolley hides keypoints in
frames {first}–{last} (confidence 0), both legs in {legs} of them. The body is the open body (SHA-256 `{body}`) with betas
`{betas}`.

The motion is a roll-out of the motion prior that ships, so a fit with that prior finds this clip easier than a real one.
"""  # noqa: E501


def write_clip(folder: Path, truth: Motion, scene: Scene, film: Film, body: BodyModel) -> None:
    """Write video, observations, truth and the note.

    Args:
        folder: Made if needed.
        truth: The motion in the world frame.
        scene: What was filmed.
        film: How it was seen.
        body: Named in the note.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_video(folder / VIDEO_FILE, film.pictures, truth.fps)
    floor = np.append(array_of(scene.floor.normal), array_of(scene.floor.offset))
    observations = {
        "fps": np.array(truth.fps),
        "keypoints2d": film.keypoints.astype(np.float32),
        "intrinsics": array_of(scene.camera.intrinsics),
        "image_size": np.array(scene.camera.image_size),
        "floor": floor.astype(np.float32),
    }
    write_npz(folder / OBSERVATIONS_FILE, observations)
    pose = {
        "camera_rotation": array_of(scene.camera_from_world.rotation),
        "camera_translation": array_of(scene.camera_from_world.translation),
    }
    write_npz(folder / TRUTH_FILE, {**amass_arrays(truth), **pose})
    (folder / "README.md").write_text(_note(truth, scene, film, body), encoding="utf-8")


def _note(truth: Motion, scene: Scene, film: Film, body: BodyModel) -> str:
    width, height = scene.camera.image_size
    hiding = np.flatnonzero(film.hidden.any(1))
    return _README.format(
        frames=truth.frames,
        fps=truth.fps,
        width=width,
        height=height,
        noise=NOISE_PX,
        missing=MISSING_FRAME,
        first=hiding[0],
        last=hiding[-1],
        legs=int(film.hidden[:, LEGS].all(1).sum()),
        body=body.content_hash[:16],
        betas=", ".join(f"{beta:g}" for beta in np.round(array_of(truth.betas), 3)[:4]) + ", 0 …",
    )
