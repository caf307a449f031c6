"""`python -m motionfit.training pose-prior|motion-prior|initial-state`: train a prior on recordings in AMASS layout."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.datasets.clips import FLAT, Clip, read_clips
from motionfit.errors import MotionFitError
from motionfit.priors.checkpoints import INITIAL_STATE, MOTION_PRIOR, POSE_PRIOR, save_prior
from motionfit.training.cards import card_of
from motionfit.training.loop import LoopSettings, train
from motionfit.training.motion_loss import FOLLOWING_WEIGHTS, MotionLossWeights
from motionfit.training.motion_prior import MotionPriorSettings, MotionPriorTask, with_widths
from motionfit.training.pose_prior import PosePriorSettings, PosePriorTask

log = logging.getLogger(__name__)

_MOTION_WEIGHTS = {"humor": MotionLossWeights(), "following": FOLLOWING_WEIGHTS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one training; 0 when it went through, 2 when the user has to act."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    try:
        {POSE_PRIOR: _train_pose_prior, MOTION_PRIOR: _train_motion_prior, INITIAL_STATE: _fit_initial_state}[
            options.kind
        ](options)
    except MotionFitError as error:
        log.error("%s", error)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m motionfit.training", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in (POSE_PRIOR, MOTION_PRIOR, INITIAL_STATE):
        command = kinds.add_parser(kind)
        command.add_argument("--data", type=Path, required=True, help="folder with train/ and val/ in AMASS layout")
        command.add_argument("--out", type=Path, required=True, help="run folder")
        command.add_argument("--body", type=Path, help="body file; by default the usual one")
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--threads", type=int, default=1, help="of torch")
        if kind == INITIAL_STATE:
            continue
        command.add_argument("--resume", action="store_true", help="go on with the run in --out")
        command.add_argument("--epochs", type=int, default=80)
        command.add_argument("--learning-rate", type=float, default=1e-3)
        if kind == POSE_PRIOR:
            command.add_argument("--kl-weight", type=float, default=PosePriorSettings().kl_weight)
            command.add_argument("--poses-per-epoch", type=int, default=PosePriorSettings().poses_per_epoch)
            command.add_argument("--start-epochs", type=int, default=PosePriorSettings().start_epochs)
        if kind == MOTION_PRIOR:
            _add_motion_options(command)
    return parser


def _add_motion_options(command: argparse.ArgumentParser) -> None:
    default = MotionPriorSettings()
    command.add_argument("--hidden", type=int, help="units of smaller nets; by default HuMoR's widths")
    command.add_argument("--window", type=int, default=default.window, help="frames")
    command.add_argument("--batch", type=int, default=default.batch, help="windows per step")
    command.add_argument("--windows-per-epoch", type=int, default=default.windows_per_epoch)
    command.add_argument("--teacher-epochs", type=int, default=default.teacher_epochs)
    command.add_argument("--scheduled-epochs", type=int, default=default.scheduled_epochs)
    command.add_argument("--kl-ramp-epochs", type=int, default=default.kl_ramp_epochs)
    command.add_argument("--weights", choices=sorted(_MOTION_WEIGHTS), default="humor", help="of the loss")
    command.add_argument("--kl-weight", type=float, help="of the divergence; by default that of --weights")


def _train_pose_prior(options: argparse.Namespace) -> None:
    clips, held_back, body = _data(options, only_flat=False)
    torch.manual_seed(options.seed)
    settings = PosePriorSettings(
        poses_per_epoch=options.poses_per_epoch, kl_weight=options.kl_weight, start_epochs=options.start_epochs
    )
    task = PosePriorTask(clips, held_back, body, settings)
    card = card_of(options.data / "train", options.data / "val", clips, held_back, body)
    loop = LoopSettings(options.epochs, options.learning_rate, seed=options.seed, weight_decay=1e-5)
    train(task, loop, options.out, {**card, "training": asdict(settings)}, options.resume)


def _train_motion_prior(options: argparse.Namespace) -> None:
    clips, held_back, body = _data(options, only_flat=True)
    settings = MotionPriorSettings(
        window=options.window,
        batch=options.batch,
        windows_per_epoch=options.windows_per_epoch,
        teacher_epochs=options.teacher_epochs,
        scheduled_epochs=options.scheduled_epochs,
        kl_ramp_epochs=options.kl_ramp_epochs,
        weights=_MOTION_WEIGHTS[options.weights],
    )
    if options.kl_weight is not None:
        settings = replace(settings, weights=replace(settings.weights, kl=options.kl_weight))
    if options.hidden is not None:
        settings = with_widths(settings, options.hidden)
    torch.manual_seed(options.seed)
    task = MotionPriorTask(clips, held_back, body, settings, options.seed)
    card = card_of(options.data / "train", options.data / "val", clips, held_back, body)
    training = {name: value for name, value in asdict(settings).items() if name != "widths"}
    loop = LoopSettings(options.epochs, options.learning_rate, seed=options.seed)
    train(task, loop, options.out, {**card, "training": training}, options.resume)


def _fit_initial_state(options: argparse.Namespace) -> None:
    from motionfit.training.initial_state import InitialStateSettings, fit_initial_state

    clips, held_back, body = _data(options, only_flat=True)
    settings = InitialStateSettings()
    mixture, metrics = fit_initial_state(clips, held_back, body, settings, options.seed)
    card = card_of(options.data / "train", options.data / "val", clips, held_back, body)
    more = {"training": asdict(settings), "metrics": metrics, "seed": options.seed}
    save_prior(mixture, options.out / "best.safetensors", {**card, **more})
    log.info("log density of a state: %s", metrics)


def _data(options: argparse.Namespace, only_flat: bool) -> tuple[list[Clip], list[Clip], BodyModel]:
    body = load_body(options.body)
    clips, held_back = (read_clips(options.data / part, body) for part in ("train", "val"))
    if only_flat:
        clips, held_back = ([clip for clip in part if clip.floor == FLAT] for part in (clips, held_back))
    return clips, held_back, body


if __name__ == "__main__":
    sys.exit(main())
