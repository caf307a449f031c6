"""`motionfit train`: train a prior on a prepared dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from motionfit.cli.console import Failure, print_failure, print_table, say
from motionfit.cli.options import Commands, add_common

_INTERRUPTED = 130
_KINDS = {
    "pose-prior": "VPoser: which poses people take",
    "motion-prior": "HuMoR: how people move on from a state",
    "initial-state": "the mixture of states that motions start in",
}


def add_command(commands: Commands) -> None:
    """Register `train`."""
    parser = commands.add_parser(
        "train",
        help="train a prior",
        description="Train a prior on a dataset of `motionfit data prepare`. A run that was stopped goes on with "
        "--resume and comes to the numbers that it would have come to.",
    )
    kinds = parser.add_subparsers(title="priors", metavar="PRIOR", dest="kind", required=True)
    for kind, title in _KINDS.items():
        command = kinds.add_parser(kind, help=title, description=f"Train {title}.")
        _add_options(command, kind)
        add_common(command)
        command.set_defaults(run=run)


def _add_options(parser: argparse.ArgumentParser, kind: str) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DATASET", help="of `motionfit data prepare`")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RUN", help="run folder")
    parser.add_argument("--body", type=Path, metavar="FILE", help="SMPL-H .npz or .pkl (the open body)")
    parser.add_argument(
        "--config",
        metavar="NAME|FILE",
        help="settings: a TOML file, as RUN/settings.toml, or vposer, humor, following, recovering",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one setting, as prior.kl_weight=0.01"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in RUN")
    if kind == "initial-state":
        return
    parser.add_argument("--start-from", type=Path, metavar="FILE", help="begin with the weights of an earlier prior")
    parser.add_argument("--epochs", type=int, metavar="N", help="in all (loop.epochs)")
    parser.add_argument("--full-mesh", action="store_true", help="compare whole meshes (prior.full_mesh)")
    if kind == "motion-prior":
        parser.add_argument("--hidden", type=int, metavar="N", help="units of smaller nets (prior.widths)")


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Train and tell."""
    from motionfit.training.interruption import Interrupted, stop_on_signals
    from motionfit.training.packages import require_packages

    require_packages()
    try:
        with stop_on_signals():
            return _train(given)
    except Interrupted:
        return _stopped(given)


def _train(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    from motionfit.training.kinds import settings_of
    from motionfit.training.run import TrainingRequest, run_training

    request = TrainingRequest(
        kind=given.kind,
        settings=settings_of(given.kind, given.config, _assignments(given)),
        data=given.data,
        output=given.output,
        body=given.body,
        seed=given.seed,
        device=given.device,
        threads=given.threads,
        start_from=getattr(given, "start_from", None),
        resume=given.resume,
        quiet=given.quiet,
    )
    outcome = run_training(request)
    rows = [[name, f"{value:.5g}"] for name, value in outcome.best.items()]
    print_table(given, given.kind, ("metric", "value"), rows)
    is_mixture = given.kind == "initial-state"
    what = "The mixture, with mean log densities as above," if is_mixture else f"The best of {outcome.epochs} epochs"
    say(given, f"{what} is {outcome.checkpoint}.")
    return 0, {
        "kind": given.kind,
        "run": str(given.output),
        "checkpoint": str(outcome.checkpoint),
        "epochs": outcome.epochs,
        "metrics": outcome.best,
    }


def _assignments(given: argparse.Namespace) -> list[dict[str, Any]]:
    from motionfit.training.configuration import parse_assignment

    found = [parse_assignment(text) for text in given.set]
    if given.kind == "initial-state":
        return found
    if given.epochs is not None:
        found.append({"loop": {"epochs": given.epochs}})
    if given.full_mesh:
        found.append({"prior": {"full_mesh": True}})
    if given.kind == "motion-prior" and given.hidden is not None:
        widths = {"encoder": [given.hidden] * 3, "prior": [given.hidden] * 3}
        found.append({"prior": {"widths": {**widths, "decoder": [given.hidden, given.hidden, given.hidden // 2]}}})
    return found


def _stopped(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    from motionfit.training.run_folder import has_run

    if has_run(given.output):
        failure = Failure(
            "interrupted",
            f"Stopped; the finished epochs are kept in {given.output}.",
            "Go on by the same with --resume.",
        )
    else:
        failure = Failure("interrupted", "Stopped before anything was written.", "")
    print_failure(failure)
    return _INTERRUPTED, {"error": failure.to_json()}
