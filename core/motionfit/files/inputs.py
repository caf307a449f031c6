"""One door for everything that can be fitted: what a path is, is told by its content."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.errors import InputError
from motionfit.files.amass import FIT_FPS, is_amass, motion_from_arrays
from motionfit.files.cameras import read_camera_file
from motionfit.files.demo import OBSERVATIONS_FILE, TRUTH_FILE
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.npz import Arrays, numbers, read_npz
from motionfit.files.observations import is_observations, observations_from_arrays
from motionfit.files.openpose import CAMERA_FILE, OpenPoseClip, read_openpose
from motionfit.geometry.planes import RigidTransform, world_floor
from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.timeline import LONGEST_GAP
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
CAPTURE_SUFFIXES = (".bvh", ".amc")
_NOT_SUPPORTED = {
    ".asf": ("ASF", "Give the .amc, with --asf and this file."),
    ".c3d": ("C3D", "Convert it to BVH or to an AMASS npz."),
    ".fbx": ("FBX", "Convert it to BVH or to an AMASS npz."),
    ".trc": ("TRC", "Convert it to BVH or to an AMASS npz."),
}


@dataclass(frozen=True)
class ClipInput:
    """A clip to fit.

    Attributes:
        name: For people and for result files.
        observations: What was observed.
        truth: The true motion in the frame of the observations, where it is known.
        truth_floor: The true floor in the same frame, where the truth is known.
        video: The video that the keypoints belong to, if there is one.
    """

    name: str
    observations: Observations
    truth: Motion | None = None
    truth_floor: Floor | None = None
    video: Path | None = None


def read_input(
    path: Path,
    keypoints: Path | None = None,
    simulate: str | None = None,
    person: int | None = None,
    seed: int = 0,
    body: BodyModel | None = None,
    asf: Path | None = None,
    camera: Path | None = None,
) -> ClipInput:
    """Read what is to be fitted.

    Args:
        path: A video, a folder of OpenPose JSON, an AMASS motion npz, motion capture (.bvh or .amc, converted as
            `motionfit convert` does), an observation npz, or a clip folder (with a video, observations.npz and
            truth.npz).
        keypoints: Folder of OpenPose JSON files that belong to the video `path`.
        simulate: How to observe the motion (`SimulationSpec`); needs a known motion.
        person: Which of several people; None is the most visible.
        seed: Of the simulation.
        body: Gives the joints of a known motion; by default the default body.
        asf: Skeleton of an .amc; by default the one beside it.
        camera: File of the camera of a video or OpenPose folder (`files.cameras`).

    Raises:
        InputError: It cannot be read, is not supported, or makes no sense.
        SettingsError: `simulate` makes no sense.
    """
    spec = None if simulate is None else SimulationSpec.parse(simulate)
    if not path.exists():
        raise InputError(f"There is no {path}.", "Check the path.")
    if keypoints is not None and path.suffix.lower() not in VIDEO_SUFFIXES:
        raise InputError(f"--keypoints belongs to a video, and {path} is none.", "Leave --keypoints out.")
    if asf is not None and path.suffix.lower() != ".amc":
        raise InputError(f"--asf belongs to an .amc file, and {path} is none.", "Leave --asf out.")
    if camera is not None and not (path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES):
        raise InputError(
            f"--camera belongs to a video or a folder of OpenPose JSON, and {path} is neither.", "Leave --camera out."
        )
    seen_by = {} if camera is None else read_camera_file(camera)
    if path.suffix.lower() in CAPTURE_SUFFIXES:
        return _read_capture(path, asf, spec or SimulationSpec(), seed, load_body() if body is None else body)
    motion, clip = _read_any(path, keypoints, person, seen_by, lambda: load_body() if body is None else body)
    if spec is None:
        if clip is None:
            assert motion is not None
            return observe_motion(path.stem, motion, SimulationSpec(), seed, load_body() if body is None else body)
        return clip
    if motion is None:
        raise InputError(
            f"--simulate needs a known motion, and {path} holds none.", "Give a motion (AMASS npz, .bvh or .amc)."
        )
    return observe_motion(path.stem, motion, spec, seed, load_body() if body is None else body)


def _read_any(
    path: Path, keypoints: Path | None, person: int | None, camera: Arrays, body: Callable[[], BodyModel]
) -> tuple[Motion | None, ClipInput | None]:
    """The known motion in the world and the clip, as far as the path holds them (one of them at least)."""
    suffix = path.suffix.lower()
    if path.is_dir():
        if (path / OBSERVATIONS_FILE).is_file() and not (path / "report.json").is_file():
            return _read_clip_folder(path, camera, body)
        return None, _read_openpose_folder(path, person, camera)
    if suffix in VIDEO_SUFFIXES:
        return None, _read_video(path, keypoints, person, camera)
    if suffix in _NOT_SUPPORTED:
        kind, hint = _NOT_SUPPORTED[suffix]
        raise InputError(f"{kind} ({path.name}) is not supported by fit.", hint)
    if suffix != ".npz":
        raise InputError(
            f"{path} is not a kind of file that fit reads.",
            "Give a video, a folder of OpenPose JSON, a motion (AMASS npz, .bvh, .amc) or an observation npz.",
        )
    arrays = read_npz(path)
    if is_amass(arrays):
        return _checked_length(motion_from_arrays(arrays, path), path), None
    if is_observations(arrays):
        return None, ClipInput(path.stem, observations_from_arrays(arrays, path))
    raise InputError(
        f"{path} is neither a motion nor observations: it has {', '.join(arrays) or 'no arrays'}.",
        "A motion has poses and trans; observations have joints3d, keypoints3d or keypoints2d.",
    )


def _read_capture(path: Path, asf: Path | None, spec: SimulationSpec, seed: int, body: BodyModel) -> ClipInput:
    """Motion capture is converted first; the longest part between cuts is what is fitted."""
    from motionfit.files.mocap import MocapFile, convert_file  # scipy takes long to load: only where it is needed

    conversion = convert_file(MocapFile(path, asf), body)
    clip = observe_motion(path.stem, _checked_length(conversion.longest.motion, path), spec, seed, body)
    notes = list(conversion.notes)
    if conversion.floor != "flat":
        notes.append(f"The ground looks {conversion.floor}, and fits know a flat floor.")
    return replace(clip, observations=replace(clip.observations, warnings=(*notes, *clip.observations.warnings)))


def _checked_length(motion: Motion, path: Path) -> Motion:
    if motion.frames < 3:
        raise InputError(
            f"{path} has {motion.frames} frame{'s' if motion.frames != 1 else ''} at {motion.fps:g} fps; "
            "a fit needs 3 or more.",
            "Give a longer clip.",
        )
    return motion


def observe_motion(name: str, motion: Motion, spec: SimulationSpec, seed: int, body: BodyModel) -> ClipInput:
    """Observe a known motion; the truth and its floor come along in the frame of the observations.

    Args:
        name: Of the clip.
        motion: In the world (z up, floor at z = 0).
        spec: How it is observed.
        seed: Of noise and drops.
        body: Of the motion.
    """
    observations = simulate(motion, body, spec, seed)
    truth, floor = motion, world_floor()
    if spec.projection is not None:
        camera = camera_from_world(motion, body, spec.projection)
        truth, floor = transform_motion(motion, body, camera), transform_floor(floor, camera)
    return ClipInput(name, observations, truth, floor)


def _read_clip_folder(path: Path, camera: Arrays, body: Callable[[], BodyModel]) -> tuple[Motion | None, ClipInput]:
    video = next((file for file in sorted(path.iterdir()) if file.suffix.lower() in VIDEO_SUFFIXES), None)
    file = path / OBSERVATIONS_FILE
    observations = observations_from_arrays({**read_npz(file), **camera}, file)
    truth_file = path / TRUTH_FILE
    if not truth_file.is_file():
        return None, ClipInput(path.name, observations, video=video)
    arrays = read_npz(truth_file)
    motion = motion_from_arrays(arrays, truth_file, observations.fps)
    truth, floor = motion, world_floor()
    if observations.in_camera_frame and not observations.has_trajectory:
        pose = camera_pose(arrays, truth_file)
        truth, floor = transform_motion(motion, body(), pose), transform_floor(floor, pose)
    if truth.frames != observations.frames:
        raise InputError(
            f"{truth_file} has {truth.frames} frames, and the observations have {observations.frames}.",
            "Give the true motion of the same frames.",
        )
    return motion, ClipInput(path.name, observations, truth, floor, video)


def camera_pose(arrays: Arrays, path: Path) -> RigidTransform:
    """The camera frame from the world that a truth file tells.

    Raises:
        InputError: It does not tell it, or in a wrong shape.
    """
    missing = [key for key in ("camera_rotation", "camera_translation") if key not in arrays]
    if missing:
        raise InputError(
            f"{path} has no {' and no '.join(missing)}.",
            "With 2D keypoints the truth needs the camera from world.",
        )
    rotation, translation = arrays["camera_rotation"], arrays["camera_translation"]
    if rotation.shape != (3, 3) or translation.shape != (3,):
        raise InputError(
            f"{path}: camera_rotation and camera_translation have the shapes {rotation.shape} and "
            f"{translation.shape}, not (3, 3) and (3,)."
        )
    return RigidTransform(numbers(rotation), numbers(translation))


def _read_openpose_folder(path: Path, person: int | None, given: Arrays) -> ClipInput:
    if (path / "report.json").is_file() and (path / "result.npz").is_file():
        raise InputError(f"{path} is the result of a fit, not an input.", "Give the clip that it was made from.")
    if not any(path.iterdir()):
        raise InputError(f"The folder {path} is empty.", "Give a folder of OpenPose JSON files.")
    found = read_openpose(path, person)
    arrays: Arrays = {"keypoints2d": found.keypoints}
    warnings = list(found.warnings)
    camera = _camera_file(path)
    if "fps" not in camera:
        warnings.append(f"{CAMERA_FILE} gives no fps: {FIT_FPS:g} frames per second are assumed.")
    arrays["fps"] = np.array(camera.get("fps", FIT_FPS))
    for key in ("image_size", "intrinsics"):
        if key in camera:
            arrays[key] = np.array(camera[key])
    arrays |= given
    if "image_size" not in arrays:
        raise InputError(
            f"{path}: the image size is missing (OpenPose JSON does not hold it).",
            f"Give the video with --keypoints {path}, or image_size with --camera, or put a {CAMERA_FILE} like "
            '{"image_size": [1280, 720], "fps": 30} beside the JSON files.',
        )
    observations = observations_from_arrays(arrays, path)
    return ClipInput(path.name, replace(observations, warnings=(*warnings, *observations.warnings)))


def _camera_file(folder: Path) -> dict[str, object]:
    file = folder / CAMERA_FILE
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not JSON ({error}).", "Repair it or make it again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} is not a table.", 'It holds {"image_size": [1280, 720], "fps": 30}.')
    return content


def _read_video(path: Path, keypoints: Path | None, person: int | None, given: Arrays) -> ClipInput:
    if keypoints is None:
        raise InputError(
            f"{path.name} is a video, and a fit needs its 2D keypoints.",
            "Run OpenPose (BODY_25, --write_json DIR) and give --keypoints DIR.",
        )
    if not keypoints.is_dir():
        raise InputError(f"There is no folder {keypoints}.", "--keypoints takes a folder of OpenPose JSON files.")
    from motionfit.files.video import VideoFile  # codecs take long to load: only where there is a video

    found = read_openpose(keypoints, person)
    with VideoFile(path) as video:
        size, fps, times = (int(video.size[0]), int(video.size[1])), float(video.fps), np.asarray(video.times)
    placed, beyond = _placed_on_frames(found, times.shape[0])
    stamps, uneven = _stamps(times, fps)
    warnings = [*found.warnings, *beyond, *uneven]
    arrays: Arrays = {"keypoints2d": placed, **stamps}
    camera = _camera_file(keypoints)
    if "intrinsics" in camera:
        arrays["intrinsics"] = np.array(camera["intrinsics"])
    arrays |= given
    if "image_size" in given and tuple(np.asarray(given["image_size"]).reshape(-1).tolist()) != size:
        raise InputError(
            f"The image_size of --camera is {np.asarray(given['image_size']).tolist()}, and {path.name} has {size}.",
            "Give the camera of this video, in its pixels.",
        )
    observations = observations_from_arrays(arrays, keypoints, size)
    observations = replace(observations, warnings=(*warnings, *observations.warnings))
    return ClipInput(path.stem, observations, video=path)


def _placed_on_frames(found: OpenPoseClip, frames: int) -> tuple[np.ndarray, list[str]]:
    """The keypoints on the frames of a video (file k belongs to frame k), and what to tell about it."""
    placed = np.zeros((frames, *found.keypoints.shape[1:]))
    first, count = found.first_frame, found.keypoints.shape[0]
    inside = max(0, min(count, frames - first))
    placed[first : first + inside] = found.keypoints[:inside]
    if inside == count:
        return placed, []
    return placed, [
        f"The keypoints reach frame {first + count - 1}, and the video has {frames} frames: "
        "what lies beyond is left out."
    ]


def _stamps(times: np.ndarray, fps: float) -> tuple[Arrays, list[str]]:
    """The time stamps of a video whose frame rate varies, its rate where it does not, and what to tell."""
    steps = np.diff(times)
    if steps.size == 0 or steps.max() <= 1.5 * steps.min():
        return {"fps": np.array(fps)}, []
    what = f"The video has a variable frame rate ({steps.min():.4f} to {steps.max():.4f} s between frames)"
    if steps.min() <= 0 or steps.max() > LONGEST_GAP:
        return {"fps": np.array(fps)}, [f"{what}; it is taken as even at {fps:.2f} fps."]
    return {"times": times}, [f"{what}; every frame keeps its time."]
