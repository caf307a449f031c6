"""Turn published checkpoints into our priors: VPoser v1 and v2, HuMoR, and its initial-state mixture.

What a file is, is told by the names of its tensors. Every tensor of the file is accounted for: matched, ignored
with the reason, or unexpected; what is missing or of another shape is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motionfit.errors import CheckpointError
from motionfit.priors.official_files import OfficialFile, read_official_file
from motionfit.priors.official_formats import MIXTURE_ARRAYS, MIXTURE_FORMAT, OfficialFormat, Tensors, recognise
from motionfit.priors.official_mixture import mixture_of
from motionfit.priors.self_check import SelfCheck, check_prior, require_trained

_WRAPPERS = ("module.", "vp_model.")
_BODY_BUFFERS = ("bm_train.", "bm_vald.", "bm.", "body_model.")
_COUNTER = "num_batches_tracked"
_SHOWN = 6
_OTHER_SOURCE = "Get the whole file from its official source."


@dataclass(frozen=True)
class ImportedPrior:
    """A prior made of a published checkpoint, and what was done with each tensor.

    Attributes:
        prior: In float32, frozen, in evaluation mode.
        format: What the file is.
        file: The file.
        matched: Names of the tensors that it took.
        ignored: Names of what is not needed, with the reason.
        unexpected: Names of tensors that no such model has.
        check: Whether it behaves like a trained model.
    """

    prior: nn.Module
    format: OfficialFormat
    file: OfficialFile
    matched: tuple[str, ...]
    ignored: Mapping[str, str]
    unexpected: tuple[str, ...]
    check: SelfCheck

    def ignored_by_reason(self) -> Mapping[str, int]:
        """How many were ignored for each reason."""
        return Counter(self.ignored.values())

    def to_json(self) -> dict[str, Any]:
        """The report of the import, as on the card."""
        return {
            "format": self.format.title,
            "file": self.file.path.name,
            "sha256": self.file.sha256,
            "matched": list(self.matched),
            "ignored": dict(self.ignored),
            "unexpected": list(self.unexpected),
            "not_loaded": list(self.file.inert),
            "self_check": self.check.to_json(),
        }


def import_official(path: Path, kind: str | None = None, accept_untrained: bool = False) -> ImportedPrior:
    """Read a published checkpoint.

    Args:
        path: VPoser `.pt`, `.ckpt` or its snapshot folder, HuMoR's `.pth`, the mixture's `.npz`.
        kind: The kind of prior that it must be; by default whatever it is.
        accept_untrained: Take a prior that fails its self-check.

    Raises:
        CheckpointError: It cannot be read, is of another kind, lacks tensors, has others' shapes or numbers that
            are not finite, or behaves like an untrained model.
    """
    file = read_official_file(path)
    tensors, ignored = _sorted_out(file)
    found = recognise(tensors)
    if found is None:
        raise CheckpointError(
            f"{file.path} is neither VPoser, HuMoR nor an initial-state mixture: it holds {_listed(list(tensors))}.",
            "Give an official VPoser snapshot, HuMoR's best_model.pth or its initial-state .npz.",
        )
    if kind is not None and kind != found.kind:
        raise CheckpointError(
            f"{file.path} is {found.title} ({found.kind}), and {kind} was asked for.",
            "Leave --kind out, or name the right file.",
        )
    is_mixture = found is MIXTURE_FORMAT
    prior = mixture_of(file.path, tensors) if is_mixture else _filled(file.path, found, tensors)
    matched = tuple(name for name in (MIXTURE_ARRAYS if is_mixture else prior.state_dict()) if name in tensors)
    prior.float().requires_grad_(False).eval()
    check = check_prior(prior)
    if not accept_untrained:
        require_trained(
            check, file.path, "Get the file again from its source; --accept-untrained imports it all the same."
        )
    unexpected = tuple(sorted(tensors.keys() - set(matched)))
    return ImportedPrior(prior, found, file, matched, ignored, unexpected, check)


def _sorted_out(file: OfficialFile) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors under the names that a model has, and what is not needed."""
    ignored = {name: "training state beside the weights" for name in file.others}
    tensors: dict[str, Tensor] = {}
    for full, tensor in file.tensors.items():
        name = full
        while name.startswith(_WRAPPERS):
            name = name.split(".", 1)[1]
        if name.startswith(_BODY_BUFFERS):
            ignored[full] = "buffer of the body model that it was trained with"
        elif name in tensors:
            raise CheckpointError(f"{file.path} holds {name} twice, under different prefixes.", _OTHER_SOURCE)
        else:
            tensors[name] = tensor
    return tensors, ignored


def _filled(path: Path, found: OfficialFormat, tensors: Tensors) -> nn.Module:
    try:
        module = found.build(tensors)
    except ValueError as error:
        raise CheckpointError(f"{path}: {found.title} of widths that make no model: {error}.", _OTHER_SOURCE) from error
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors and not name.endswith(_COUNTER)]
    if missing:
        raise CheckpointError(
            f"{path} is {found.title} but lacks {len(missing)} of its tensors: {_listed(missing)}.", _OTHER_SOURCE
        )
    wrong = {
        name: tuple(tensors[name].shape)
        for name in wanted
        if name in tensors and tensors[name].shape != wanted[name].shape
    }
    if wrong:
        shapes = [f"{name} is {shape}, not {tuple(wanted[name].shape)}" for name, shape in wrong.items()]
        cause = next((text for name, shape in wrong.items() if (text := found.cause(name, shape))), "")
        hint = cause or "It was trained with another configuration, which MotionFit does not know."
        raise CheckpointError(f"{path} is {found.title} with tensors of other shapes: {_listed(shapes)}.", hint)
    filling = {name: tensors[name].to(empty.dtype) if name in tensors else empty for name, empty in wanted.items()}
    _require_finite(path, filling)
    module.load_state_dict(filling)
    return module


def _require_finite(path: Path, tensors: Tensors) -> None:
    broken = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise CheckpointError(f"{path} holds numbers that are not finite, in {_listed(broken)}.", _OTHER_SOURCE)


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
