"""`motionfit import-checkpoint`: published weights into MotionFit's format, with an account of every tensor."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common

_KINDS = ("pose-prior", "motion-prior", "initial-state")


def add_command(commands: Commands) -> None:
    """Register `import-checkpoint`."""
    parser = commands.add_parser(
        "import-checkpoint",
        help="published weights of VPoser and HuMoR into MotionFit's format",
        description="Read VPoser v1 or v2 (snapshot folder, .pt or .ckpt), HuMoR (best_model.pth) or its initial-state "
        "mixture (.npz), check them, and write them for the options --pose-prior, --motion-prior and --initial-state "
        "of `motionfit fit`. Nothing that the file holds is run.",
    )
    parser.add_argument("input", type=Path, metavar="FILE", help="the published checkpoint; told by its content")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE.safetensors", help="its card is put beside it"
    )
    parser.add_argument("--kind", choices=_KINDS, help="refuse a checkpoint of another kind")
    parser.add_argument(
        "--accept-untrained", action="store_true", help="import weights that behave like an untrained model"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Import, write and tell."""
    import torch

    from motionfit.cli.import_job import check_output, write_imported
    from motionfit.priors.official import import_official

    torch.set_num_threads(given.threads)
    check_output(given.output)
    imported = import_official(given.input, given.kind, given.accept_untrained)
    write_imported(imported, given.output, given.accept_untrained)
    rows = [
        ["matched", str(len(imported.matched)), "taken"],
        *([reason, str(count), "ignored"] for reason, count in imported.ignored_by_reason().items()),
        *([name, "1", "unexpected: left out"] for name in imported.unexpected),
        *([name, "–", "an object of a library: not loaded"] for name in imported.file.inert),
    ]
    title = f"{imported.file.path.name}: {imported.format.title}"
    print_table(given, title, ("tensors", "number", "what became of them"), rows, of_numbers=False)
    check = imported.check
    verdict = "like a trained model" if check.passed else "like an untrained model, which was accepted"
    say(given, f"It behaves {verdict}: {check.measure} is {check.value:.3g} (limit {check.limit:g}).")
    say(given, f"The {imported.format.kind} is in {given.output}.")
    return 0, {"kind": imported.format.kind, "output": str(given.output), **imported.to_json()}
