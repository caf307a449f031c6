"""Writing an imported prior: both files or none."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from motionfit.errors import OutputError
from motionfit.files.atomic import output_errors
from motionfit.priors.checkpoints import ACCEPTED_UNTRAINED, save_prior
from motionfit.priors.official import ImportedPrior

_SUFFIX = ".safetensors"


def check_output(path: Path) -> None:
    """Refuse a name that priors do not have.

    Raises:
        OutputError: It does not end in .safetensors, or is a folder.
    """
    if path.suffix != _SUFFIX:
        raise OutputError(f"{path} does not end in {_SUFFIX}, the format of priors.", f"Name it {path.stem}{_SUFFIX}.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder.", "Name a file with -o.")


def write_imported(imported: ImportedPrior, path: Path, accept_untrained: bool) -> None:
    """Write weights (single precision) and card; a file that is there is replaced.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    card: dict[str, Any] = {
        "import": imported.to_json(),
        "licence": f"That of the file {imported.file.path.name}; ask its authors before passing it on.",
    }
    if accept_untrained and not imported.check.passed:
        card[ACCEPTED_UNTRAINED] = True
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            written = Path(folder) / path.name
            save_prior(imported.prior, written, card, is_exact=True)
            written.with_suffix(".json").replace(path.with_suffix(".json"))
            written.replace(path)
