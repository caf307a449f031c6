"""Read and write the priors: tensors as safetensors, and a JSON card beside them that says what they are.

The card names kind, architecture, data, metrics, body, versions and licence. Weights are half precision on
disk (imported ones single) and single precision in memory; what is loaded is frozen and in evaluation mode.
Nothing is ever unpickled. What a fit loads must also behave like a trained model (`priors.self_check`), unless
its card says `accepted_untrained`.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import asdict, dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from motionfit.errors import CheckpointError
from motionfit.priors.familiarity import Familiarity, familiarity_of_card
from motionfit.priors.initial_state import COMPONENTS, InitialStateMixture
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import POSE_WIDTH, PoseAutoencoder, PosePrior
from motionfit.priors.pose_first import PosePriorFirst
from motionfit.priors.self_check import check_prior, require_trained

POSE_PRIOR = "pose-prior"
MOTION_PRIOR = "motion-prior"
INITIAL_STATE = "initial-state"
KINDS = (POSE_PRIOR, MOTION_PRIOR, INITIAL_STATE)
ACCEPTED_UNTRAINED = "accepted_untrained"
"""The entry of a card by which its owner takes a prior that fails the self-check."""

_POSE_VERSIONS: dict[int, type[PosePrior | PosePriorFirst]] = {1: PosePriorFirst, 2: PosePrior}
_Module = TypeVar("_Module", bound=nn.Module)
_AGAIN = "Train it again with `motionfit train`, or copy the file and its card again."


@dataclass(frozen=True)
class Priors:
    """The three priors of a fit.

    Attributes:
        pose: VPoser, version 1 or 2.
        motion: HuMoR.
        initial_state: The mixture.
        hash: SHA-256 over the three files: results name it.
        familiarity: What real motion gets from them, where they were calibrated together.
    """

    pose: PoseAutoencoder
    motion: MotionPrior
    initial_state: InitialStateMixture
    hash: str
    familiarity: Familiarity | None = None

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Priors:
        """Copies on another device or in another precision."""
        pose, motion, start = copy.deepcopy((self.pose, self.motion, self.initial_state))
        for module in (pose, motion, start):
            module.to(device=device, dtype=dtype)
        return Priors(pose, motion, start, self.hash, self.familiarity)


def shipped_path(kind: str) -> Path:
    """Where the prior of a kind lies that comes with MotionFit."""
    name = kind.replace("-", "_") + ".safetensors"
    return Path(str(resources.files("motionfit_resources") / "priors" / name))


def save_prior(module: nn.Module, path: Path, card: dict[str, Any], is_exact: bool = False) -> None:
    """Write a prior and its card.

    Args:
        module: A pose prior, motion prior or initial-state mixture.
        path: The `.safetensors` file; the card is put beside it as `.json`.
        card: What else the card says (data, metrics, body, licence …); kind, architecture and versions are
            added.
        is_exact: Keep single precision; else the networks are halved to take half the space.

    Raises:
        OSError: The place is not writable or the disk is full.
    """
    kind, architecture = _describe(module)
    halve = kind != INITIAL_STATE and not is_exact
    tensors = {name: _on_disk(tensor, halve) for name, tensor in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors))
    versions = {name: metadata.version(name) for name in ("motionfit", "torch", "safetensors")}
    full = {"kind": kind, "architecture": architecture, **card, "versions": versions}
    path.with_suffix(".json").write_text(json.dumps(full, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_pose_prior(path: Path | None = None) -> PoseAutoencoder:
    """The pose prior of a file, or the shipped one.

    Raises:
        CheckpointError: Missing, damaged, of another kind, or of other shapes than its card says.
    """
    path = shipped_path(POSE_PRIOR) if path is None else path
    given = _architecture(path, POSE_PRIOR)
    version = _POSE_VERSIONS.get(given.get("version", 2))
    if version is None:
        raise CheckpointError(
            f"{path} is VPoser version {given['version']}; versions 1 and 2 are known.", "Import another file."
        )
    return _filled(version(int(given.get("width", POSE_WIDTH))), path)


def load_motion_prior(path: Path | None = None) -> MotionPrior:
    """The motion prior of a file, or the shipped one.

    Raises:
        CheckpointError: See `load_pose_prior`.
    """
    path = shipped_path(MOTION_PRIOR) if path is None else path
    given = _architecture(path, MOTION_PRIOR)
    try:
        widths = MotionPriorWidths(**{name: tuple(units) for name, units in given.items()})
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The card of {path} gives widths that make no model: {error}.", _AGAIN) from error
    return _filled(MotionPrior(widths), path)


def load_initial_state(path: Path | None = None) -> InitialStateMixture:
    """The initial-state mixture of a file, or the shipped one.

    Raises:
        CheckpointError: See `load_pose_prior`.
    """
    path = shipped_path(INITIAL_STATE) if path is None else path
    components = _architecture(path, INITIAL_STATE).get("components", COMPONENTS)
    return _filled(InitialStateMixture(int(components)), path)


def load_priors(pose: Path | None = None, motion: Path | None = None, initial_state: Path | None = None) -> Priors:
    """All three priors; shipped where no file is named.

    Raises:
        CheckpointError: See `load_pose_prior`; or one behaves like an untrained model.
    """
    loaded = load_pose_prior(pose), load_motion_prior(motion), load_initial_state(initial_state)
    digest = hashlib.sha256()
    for kind, given, prior in zip(KINDS, (pose, motion, initial_state), loaded, strict=True):
        path = shipped_path(kind) if given is None else given
        if read_card(path).get(ACCEPTED_UNTRAINED) is not True:
            require_trained(check_prior(prior), path, "Import or train it again, or leave it out to use the shipped.")
        digest.update(path.read_bytes())
    mixture = shipped_path(INITIAL_STATE) if initial_state is None else initial_state
    familiarity = familiarity_of_card(
        read_card(shipped_path(MOTION_PRIOR) if motion is None else motion),
        hashlib.sha256(mixture.read_bytes()).hexdigest(),
    )
    return Priors(*loaded, hash=digest.hexdigest(), familiarity=familiarity)


def read_card(path: Path) -> dict[str, Any]:
    """The card of a checkpoint.

    Raises:
        CheckpointError: There is no checkpoint or no card, or the card cannot be read.
    """
    if not path.exists():
        raise CheckpointError(f"There is no checkpoint at {path}.", "Name an existing .safetensors file.")
    if path.suffix != ".safetensors" or path.is_dir():
        hint = f"Import it first: motionfit import-checkpoint {path} -o NAME.safetensors"
        raise CheckpointError(f"{path} is not in the format of MotionFit's priors.", hint)
    card = path.with_suffix(".json")
    if not card.is_file():
        raise CheckpointError(f"{path} has no card: {card.name} is missing beside it.", "Copy the card as well.")
    try:
        content = json.loads(card.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{card} is not valid JSON: {error}.", _AGAIN) from error
    if not isinstance(content, dict) or not isinstance(content.get("architecture"), dict):
        raise CheckpointError(f"{card} is not the card of a prior: it names no architecture.", _AGAIN)
    return content


def _describe(module: nn.Module) -> tuple[str, dict[str, Any]]:
    if isinstance(module, PosePriorFirst):
        return POSE_PRIOR, {"version": 1, "width": module.width}
    if isinstance(module, PosePrior):
        return POSE_PRIOR, {"width": module.width}
    if isinstance(module, MotionPrior):
        return MOTION_PRIOR, asdict(module.widths)
    if isinstance(module, InitialStateMixture):
        return INITIAL_STATE, {"components": module.means.shape[0]}
    raise ValueError(f"a {type(module).__name__} is not a prior")


def _on_disk(tensor: Tensor, halve: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    return tensor.to(torch.float16 if halve else torch.float32)


def _architecture(path: Path, kind: str) -> dict[str, Any]:
    card = read_card(path)
    if card.get("kind") != kind:
        raise CheckpointError(
            f"{path} is of the kind {card.get('kind')!r}, and a {kind} is needed.", "Name the right file."
        )
    architecture: dict[str, Any] = card["architecture"]
    return architecture


def _filled(module: _Module, path: Path) -> _Module:
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or is no safetensors file: {error}.", _AGAIN) from error
    wanted = module.state_dict()
    kind, _ = _describe(module)
    missing = sorted(wanted.keys() - tensors.keys())
    if missing:
        raise CheckpointError(f"{path} lacks tensors of a {kind}: {', '.join(missing)}.", _AGAIN)
    for name, tensor in wanted.items():
        if tensors[name].shape != tensor.shape:
            raise CheckpointError(
                f"{path}: {name} of the {kind} has the shape {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}.",
                "The card and the tensors belong to different models: copy both again.",
            )
        if not bool(torch.isfinite(tensors[name]).all()):
            raise CheckpointError(f"{path}: {name} of the {kind} holds numbers that are not finite.", _AGAIN)
    module.load_state_dict({name: tensors[name].to(tensor.dtype) for name, tensor in wanted.items()})
    module.requires_grad_(False)
    return module.eval()
