"""Training of the motion prior: teacher forcing, scheduled sampling, then on its own roll-outs.

Roll-outs are detached between steps (as HuMoR's are), so an epoch goes in two passes: the states that the model comes
to are collected step by step without gradients, and then all steps of all windows are learned from at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from motionfit.body.keypoints import SURFACE_KEYPOINT_IDS
from motionfit.body.model import BodyModel
from motionfit.datasets.clips import Clip, LabelledStates, labelled_states, mirrored, random_shape, with_shape
from motionfit.priors.checkpoints import load_motion_prior
from motionfit.priors.motion import MotionPrior, MotionPriorWidths, Step
from motionfit.priors.rollout import FrameChange
from motionfit.priors.state import STATE_SIZE, LocalFrame, MotionState, local_frame, to_local
from motionfit.training.data import require_clips
from motionfit.training.motion_evaluation import evaluate_motion_prior, validation_windows
from motionfit.training.motion_loss import (
    MotionLossWeights,
    Shape,
    body_losses,
    contact_losses,
    divergence,
    drawn_losses,
    state_losses,
    weighted_sum,
)
from motionfit.training.recovery import RecoverySettings, collect_recovering
from motionfit.training.samples import write_motion_video
from motionfit.training.sampling import clip_weights
from motionfit.training.settings import at_least
from motionfit.training.task import Metrics

_CHANGE_SCALES = ((3, 10.0), (3, 2.0), (9, 8.0), (3, 1.0), (189, 8.0), (66, 10.0), (66, 2.0))
"""Size of each part of the state vector, and what brings its change in a frame to about the size of the part."""

_FILMED = 4


@dataclass(frozen=True)
class MotionPriorSettings:
    """Sizes, schedule and weights.

    Attributes:
        widths: Of the nets.
        window: Frames per window.
        batch: Windows per step.
        windows_per_epoch: Drawn with weights that keep one kind of motion from dominating.
        teacher_epochs: Every past is the recorded one.
        scheduled_epochs: Over these the share of recorded pasts falls to zero.
        kl_ramp_epochs: Over these the divergence's weight rises to its own.
        reshape_epochs: After so many epochs the recordings are given new random shapes.
        shape_spread: Deviation of the shape coefficients.
        full_mesh: Compare all vertices instead of the surface keypoints.
        weights: Of the loss.
        recovery: How much of the training is finding back to recorded motion.
    """

    widths: MotionPriorWidths = MotionPriorWidths()  # noqa: RUF009 - frozen
    window: int = 10
    batch: int = 64
    windows_per_epoch: int = 6400
    teacher_epochs: int = 10
    scheduled_epochs: int = 10
    kl_ramp_epochs: int = 50
    reshape_epochs: int = 10
    shape_spread: float = 0.8
    full_mesh: bool = False
    weights: MotionLossWeights = MotionLossWeights()  # noqa: RUF009 - frozen
    recovery: RecoverySettings = RecoverySettings()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        at_least(self, 1, ("batch", "windows_per_epoch", "reshape_epochs"))
        at_least(self, 2, ("window",))
        at_least(self, 0, ("teacher_epochs", "scheduled_epochs", "kl_ramp_epochs", "shape_spread"))


@dataclass(frozen=True)
class Windows:
    """Windows of recorded motion.

    Attributes:
        states: In the world frame.
        contacts: Of each frame.
        betas: Shape per window.
    """

    states: MotionState
    contacts: Float[Tensor, "windows frames 9"]
    betas: Float[Tensor, "windows 16"]


class Recordings:
    """All frames of many recordings, to cut windows out of.

    Args:
        recordings: States of each.
        window: Frames per window; shorter recordings are left out.
        device: Where windows are needed.
    """

    def __init__(self, recordings: list[LabelledStates], window: int, device: torch.device | str = "cpu") -> None:
        kept = [recording for recording in recordings if recording.states.frames >= window]
        self.window = window
        self.vectors = torch.cat([recording.states.pack() for recording in kept]).to(device)
        self.contacts = torch.cat([recording.contacts for recording in kept]).to(device)
        self.betas = torch.stack([recording.betas for recording in kept]).to(device)
        lengths = [recording.states.frames for recording in kept]
        shares = clip_weights([recording.kind for recording in kept], lengths)
        begins = torch.tensor([0, *lengths]).cumsum(0)
        self.starts = torch.cat([
            torch.arange(int(begin), int(begin) + length - window + 1)
            for begin, length in zip(begins, lengths, strict=False)
        ]).to(device)  # fmt: skip
        counts = torch.tensor([length - window + 1 for length in lengths])
        self.clips = torch.arange(len(kept)).repeat_interleave(counts).to(device)
        self.weights = torch.tensor(shares).repeat_interleave(counts)

    def draw(self, count: int, generator: torch.Generator) -> Int[Tensor, " count"]:
        """Numbers of random windows, by weight."""
        return torch.multinomial(self.weights, count, replacement=True, generator=generator)

    def cut(self, chosen: Int[Tensor, " windows"]) -> Windows:
        """The windows of these numbers."""
        chosen = chosen.to(self.starts.device)
        frames = self.starts[chosen][:, None] + torch.arange(self.window, device=self.starts.device)
        return Windows(MotionState.unpack(self.vectors[frames]), self.contacts[frames], self.betas[self.clips[chosen]])


class MotionPriorTask:
    """The motion prior with its data.

    Args:
        clips: Training recordings on a flat floor; mirrored copies and shapes are added.
        validation: Validation recordings.
        body: The body to pose.
        settings: Sizes, schedule and weights.
        seed: Of the shapes.
        device: Where to compute.

    Raises:
        InputError: No recording is long enough to train on, or to validate with.
    """

    def __init__(
        self,
        clips: list[Clip],
        validation: list[Clip],
        body: BodyModel,
        settings: MotionPriorSettings,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        require_clips(clips, validation, frames=settings.window + 2)
        self.settings = settings
        self.prior = MotionPrior(settings.widths)
        start_with_differences(self.prior)
        self.clips = [clip for clip in clips if clip.frames >= settings.window + 2]
        self.body = body
        self.device = torch.device(device)
        self.body_on_device = body.to(device)
        whole = self.body_on_device
        self.surface = whole.surface if settings.full_mesh else whole.points(torch.tensor(SURFACE_KEYPOINT_IDS))
        self.seed = seed
        held_back = validation_windows([labelled_states(clip, body) for clip in validation if clip.frames > 3])
        self.film_start = held_back.states.frame(0).map(lambda tensor: tensor[:: max(1, len(tensor) // _FILMED)])
        states = held_back.states.map(lambda tensor: tensor.to(device))
        self.validation = replace(held_back, states=states, contacts=held_back.contacts.to(device))
        self._recordings: tuple[int, Recordings] | None = None

    @property
    def module(self) -> MotionPrior:
        """The prior."""
        return self.prior

    @property
    def delicate(self) -> list[nn.Parameter]:
        """The decoder's last layer: its numbers are changes in a frame, millimetres, which Adam's usual step drowns."""
        return list(self.prior.decoder.net[-1].parameters())

    @property
    def networks(self) -> list[nn.Module]:
        """Encoder, decoder and conditional prior."""
        return [self.prior.encoder, self.prior.decoder, self.prior.prior_net]

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-self.settings.windows_per_epoch // self.settings.batch)

    def batches(self, epoch: int, generator: torch.Generator) -> Sequence[Int[Tensor, " batch"]]:
        """Windows drawn by weight."""
        recordings = self._recordings_of(epoch // self.settings.reshape_epochs)
        drawn = recordings.draw(self.settings.windows_per_epoch, generator)
        batches: tuple[Tensor, ...] = drawn.split(self.settings.batch)
        return batches

    def losses(self, chosen: Int[Tensor, " batch"], epoch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """The terms of HuMoR's loss; the divergence is ramped in."""
        settings = self.settings
        windows = self._recordings_of(epoch // settings.reshape_epochs).cut(chosen)
        kl_share = min(1.0, (epoch + 1) / max(1, settings.kl_ramp_epochs))
        terms = self._losses(windows, self._truth_share(epoch), generator)
        return {"loss": weighted_sum(terms, settings.weights, kl_share), **terms}

    def validate(self, epoch: int) -> Metrics:
        """Sixty-frame reconstructions; the score is the mean joint error, m."""
        del epoch
        return evaluate_motion_prior(self.prior, self.validation)

    def write_samples(self, checkpoint: Path, place: Path, seed: int) -> Path:
        """A film of motions from validation states."""
        film = place.with_suffix(".mp4")
        write_motion_video(load_motion_prior(checkpoint), self.film_start, self.body, film, seed)
        return film

    def _truth_share(self, epoch: int) -> float:
        settings = self.settings
        done = (epoch - settings.teacher_epochs + 1) / max(1, settings.scheduled_epochs)
        return 1.0 - min(1.0, max(0.0, done))

    def _recordings_of(self, number: int) -> Recordings:
        """The recordings and their mirrored copies; half of them on random shapes, others each time."""
        if self._recordings is None or self._recordings[0] != number:
            generator = torch.Generator().manual_seed(self.seed * 1009 + number)
            shaped: list[LabelledStates] = []
            for index, clip in enumerate(self.clips):
                for side, copy in enumerate((clip, mirrored(clip))):
                    shape = random_shape(generator, self.settings.shape_spread)
                    keep = (index + side + number) % 2 == 0
                    shaped.append(labelled_states(copy if keep else with_shape(copy, shape), self.body))
            self._recordings = (number, Recordings(shaped, self.settings.window, self.device))
        return self._recordings[1]

    def _losses(self, windows: Windows, truth_share: float, generator: torch.Generator) -> dict[str, Tensor]:
        steps = self.settings.window - 1
        noise = torch.randn(len(windows.betas), steps, 48, generator=generator).to(self.device)
        rest_joints = self.body_on_device.rest_joints(windows.betas)
        if truth_share == 0.0 and self.settings.recovery.share > 0.0:
            recovery = self.settings.recovery
            past, target = collect_recovering(self.prior, windows.states, noise, rest_joints, recovery, generator)
        else:
            past, target = collect_transitions(self.prior, windows.states, noise, truth_share, generator)
        past_vector, target_vector = past.pack(), target.pack()
        mean, variance = self.prior.posterior(past_vector, target_vector)
        predicted_vector, logits = self.prior.decode(past_vector, mean + variance.sqrt() * noise)
        predicted = MotionState.unpack(predicted_vector)
        shape = Shape(rest_joints, self.surface, self.surface.shaped(windows.betas))
        prior_mean, prior_variance = self.prior.prior(past_vector)
        losses = {
            "kl": divergence(mean, variance, prior_mean, prior_variance).mean(),
            **state_losses(predicted, target),
            **body_losses(predicted, target, shape),
            **contact_losses(logits, windows.contacts[:, 1:], predicted),
        }
        if self.settings.weights.standing == 0.0:
            return losses
        # Another window's noise: the posterior's latent, which follows the recording, must not be drawn again.
        drawn, _ = self.prior.decode(past_vector, prior_mean + prior_variance.sqrt() * noise.roll(1, 0))
        return {**losses, **drawn_losses(MotionState.unpack(drawn), target, rest_joints)}


@torch.no_grad()
def start_with_differences(prior: MotionPrior) -> None:
    """Let an untrained decoder change little, and an untrained encoder look at what changed.

    The encoder's first layer is turned from (past, next) to (past, scaled next − past): changes in a frame are a
    hundredth of the numbers themselves, and would take long to be found.
    """
    for parameter in prior.decoder.net[-1].parameters():
        parameter.mul_(0.1)
    first = prior.encoder.net[0]
    assert isinstance(first, nn.Linear)
    scale = torch.cat([torch.full((size,), factor) for size, factor in _CHANGE_SCALES])
    past, following = first.weight[:, :STATE_SIZE], first.weight[:, STATE_SIZE:]
    following.mul_(scale)
    past.sub_(following)


@torch.no_grad()
def collect_transitions(
    prior: MotionPrior,
    states: MotionState,
    noise: Float[Tensor, "windows steps 48"],
    truth_share: float,
    generator: torch.Generator,
) -> tuple[MotionState, MotionState]:
    """Pasts and what is to come of them, both in the local frame of the past.

    Args:
        prior: Rolls out the pasts that are not the recorded ones.
        states: Recorded windows.
        noise: Standard normal; the latent of a step is the posterior's mean plus deviation times noise.
        truth_share: Chance of each step to start at the recorded state.
        generator: Draws by that chance.
    """
    count, frames = states.translation.shape[:2]
    pivot = states.frame(0).trans_to_joint()
    every_pivot = pivot.unsqueeze(1).expand(count, frames - 1, 3)
    recorded = states.slice(0, frames - 1)
    frame = local_frame(recorded)
    if truth_share < 1.0:
        use_truth = (torch.rand(count, frames - 1, generator=generator) < truth_share).to(noise.device)
        return _rolled_transitions(prior, states, noise, use_truth, pivot)
    return (
        to_local(recorded, frame, every_pivot),
        to_local(states.slice(1, frames), frame, every_pivot),
    )


def _rolled_transitions(
    prior: MotionPrior, states: MotionState, noise: Tensor, use_truth: Tensor, pivot: Tensor
) -> tuple[MotionState, MotionState]:
    change = FrameChange.about(pivot)
    frame = local_frame(states.frame(0))
    past = to_local(states.frame(0), frame, pivot).pack()
    pasts: list[Tensor] = []
    targets: list[Tensor] = []
    for step in range(states.frames - 1):
        target = to_local(states.frame(step + 1), frame, pivot).pack()
        pasts.append(past)
        targets.append(target)
        mean, variance = prior.posterior(past, target)
        following, _ = prior.advance(Step.unpack(past), mean + variance.sqrt() * noise[:, step])
        if step + 2 == states.frames:
            break
        rolled, rolled_frame = change.apply(following, frame)
        recorded = states.frame(step + 1)
        recorded_frame = local_frame(recorded)
        truth = use_truth[:, step + 1 : step + 2]
        past = torch.where(truth, to_local(recorded, recorded_frame, pivot).pack(), rolled.pack())
        frame = LocalFrame(
            torch.where(truth.unsqueeze(-1), recorded_frame.rotation, rolled_frame.rotation),
            torch.where(truth, recorded_frame.origin, rolled_frame.origin),
        )
    return MotionState.unpack(torch.stack(pasts, 1)), MotionState.unpack(torch.stack(targets, 1))
