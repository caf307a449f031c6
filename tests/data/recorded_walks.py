"""Generated motion in AMASS layout, as a collection of recordings has it."""

import formulas
import numpy as np


def write_walk(path, frames, sequence, **fields):
    """A walk by formula; fields replace or add to those of the file."""
    translation, root, pose, _ = formulas.walk(frames, sequence)
    poses = np.zeros((frames, 156), np.float32)
    poses[:, :3], poses[:, 3:66] = root, pose
    content = {
        "poses": poses,
        "trans": translation.astype(np.float32),
        "betas": np.zeros(16, np.float32),
        "mocap_framerate": 30,
        "kind": "walk",
        "floor": "flat",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **(content | fields))


def write_collection(folder):
    """train/ (three walks, one of them on equipment) and val/ (one)."""
    for sequence in range(2):
        write_walk(folder / "train" / f"walk_{sequence}.npz", 40, sequence)
    write_walk(folder / "train" / "stairs.npz", 30, 2, floor="equipment", kind="climb")
    write_walk(folder / "val" / "walk_9.npz", 30, 5)
    return folder
