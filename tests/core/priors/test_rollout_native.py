"""The compiled roll-out is the readable one, number by number and slope by slope, whatever is put in."""

import copy
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors import rollout_native_choice
from motionfit.priors.checkpoints import load_priors
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.rollout import roll_out
from motionfit.priors.rollout_native_choice import recurrence_for
from motionfit.priors.state import MotionState

pytest.importorskip("numba", reason="needs motionfit[accelerate]")

DOUBLE = torch.float64
PARTS = ("translation", "linear_velocity", "root_orientation", "angular_velocity", "body_pose", "joints",
         "joint_velocities", "latents", "pivot")  # fmt: skip


@pytest.fixture(scope="module")
def prior():
    torch.manual_seed(5)
    prior = MotionPrior(MotionPriorWidths((32,), (256,), (256, 192, 128))).double()
    with torch.no_grad():
        prior.decoder.net[-1].weight.mul_(0.05)
        for norm in prior.decoder.net[1::3]:
            norm.weight.add_(0.3 * torch.randn_like(norm.weight))
            norm.bias.add_(0.3 * torch.randn_like(norm.bias))
    return prior.requires_grad_(False)


@pytest.fixture(scope="module")
def shipped():
    return load_priors().motion


def given(batch, steps, dtype=DOUBLE, seed=0):
    """State, latents and pivot, all of which want gradients."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return 0.3 * torch.randn(*shape, generator=generator, dtype=DOUBLE)

    upright = torch.tensor([math.pi / 2, 0.0, 0.0], dtype=DOUBLE)
    root, pose = rotation_from_axis_angle(upright + draw(batch, 3)), rotation_from_axis_angle(draw(batch, 21, 3))
    values = (draw(batch, 3), draw(batch, 3), root, draw(batch, 3), pose, draw(batch, 22, 3), draw(batch, 22, 3),
              3.0 * draw(batch, steps, 48), draw(batch, 3))  # fmt: skip
    return [value.to(dtype).requires_grad_() for value in values]


def outputs_of(prior, parts, is_local, recurrence):
    rolled = roll_out(prior, MotionState(*parts[:7]), parts[7], parts[8], is_local, recurrence)
    return {
        "states": rolled.states.pack(),
        "contact_logits": rolled.contact_logits,
        "prior_mean": rolled.prior_mean,
        "prior_variance": rolled.prior_variance,
        "local_pasts": rolled.local_pasts,
    }


def slopes_of(outputs, parts, seed=1):
    """Gradients of a random mixture of all numbers that come out, by all that go in."""
    generator = torch.Generator().manual_seed(seed)
    mixed = [
        (value * torch.randn(value.shape, generator=generator, dtype=DOUBLE).to(value.dtype)).sum()
        for value in outputs.values()
    ]
    return dict(zip(PARTS, torch.autograd.grad(torch.stack(mixed).sum(), parts), strict=True))


def assert_equal(found, expected, tolerance):
    for name, value in expected.items():
        scale = max(float(value.detach().abs().max()), 1.0)
        torch.testing.assert_close(
            found[name], value, rtol=0, atol=tolerance * scale, msg=lambda text, n=name: n + text
        )


def assert_alike(network, batch, steps, tolerance, slope_tolerance):
    recurrence, dtype = recurrence_for(network), network.decoder.net[0].weight.dtype
    for is_local in (True, False):
        parts, same = given(batch, steps, dtype), given(batch, steps, dtype)
        expected = outputs_of(network, parts, is_local, None)
        found = outputs_of(network, same, is_local, recurrence)
        assert_equal(found, expected, tolerance)
        assert_equal(slopes_of(found, same), slopes_of(expected, parts), slope_tolerance)


@pytest.mark.parametrize("steps", [1, 2, 60])
@pytest.mark.parametrize("batch", [1, 3, 6])
def test_values_and_gradients_are_those_of_the_readable_path(prior, batch, steps):
    assert_alike(prior, batch, steps, 1e-10, 1e-8)


@pytest.mark.parametrize("steps", [1, 2, 60])
@pytest.mark.parametrize("batch", [1, 3])
def test_in_single_precision_they_are_so_for_the_shipped_prior(shipped, batch, steps):
    assert_alike(shipped, batch, steps, 1e-5, 1e-5)


def test_gradients_agree_with_differences(prior):
    recurrence = recurrence_for(prior)

    def end(*parts):
        out = outputs_of(prior, parts, False, recurrence)
        return out["states"][:, -1, ::5], out["contact_logits"], out["local_pasts"][:, -1, ::5]

    assert torch.autograd.gradcheck(end, given(2, 2), atol=1e-6, fast_mode=True)


def test_the_layout_of_the_input_does_not_matter(prior):
    recurrence = recurrence_for(prior)
    parts = given(3, 4)
    spread = [
        torch.stack([value.detach(), torch.full_like(value, 7.0)], -1)[..., 0].requires_grad_() for value in parts
    ]
    assert not spread[7].is_contiguous()
    whole, strided = (outputs_of(prior, each, True, recurrence) for each in (parts, spread))
    assert_equal(strided, whole, 0.0)
    assert_equal(slopes_of(strided, spread), slopes_of(whole, parts), 0.0)


def test_nan_comes_out_where_it_went_in_and_nowhere_before(prior):
    recurrence = recurrence_for(prior)
    parts = given(2, 5)
    with torch.no_grad():
        parts[7][1, 2, 3] = math.nan
    out = outputs_of(prior, parts, True, recurrence)
    assert torch.isfinite(out["states"][0]).all()
    assert torch.isfinite(out["states"][1, :3]).all()
    assert torch.isnan(out["states"][1, 3:, :6]).all()
    slopes = slopes_of(out, parts)
    assert torch.isfinite(slopes["latents"][0]).all()


def test_a_second_call_gives_the_same_bits(shipped):
    recurrence = recurrence_for(shipped)
    parts = given(5, 20, torch.float32)
    first, second = (outputs_of(shipped, parts, True, recurrence) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    slopes, again = slopes_of(first, parts), slopes_of(second, parts)
    assert all(torch.equal(slopes[name], again[name]) for name in slopes)


def test_a_body_on_its_side_has_no_heading_here_either(prior):
    parts, same = given(1, 3), given(1, 3)
    on_side = rotation_from_axis_angle(torch.tensor([[0.0, math.pi / 2, 0.0]], dtype=DOUBLE))
    for each in (parts, same):
        each[2] = on_side.clone().requires_grad_()
        with torch.no_grad():
            each[7].zero_()
    still = copy.deepcopy(prior)
    with torch.no_grad():
        still.decoder.net[-1].weight.zero_()
        still.decoder.net[-1].bias.zero_()
    recurrence = recurrence_for(still)
    expected, found = outputs_of(still, parts, True, None), outputs_of(still, same, True, recurrence)
    assert_equal(found, expected, 1e-10)
    assert_equal(slopes_of(found, same), slopes_of(expected, parts), 1e-8)


def test_what_cannot_be_compiled_takes_the_readable_path(prior, monkeypatch):
    assert recurrence_for(prior) is not None
    assert recurrence_for(prior, "none") is None
    assert recurrence_for(copy.deepcopy(prior).half()) is None
    assert recurrence_for(copy.deepcopy(prior).requires_grad_(True)) is None
    monkeypatch.setattr(rollout_native_choice, "find_spec", lambda _name: None)
    assert recurrence_for(prior) is None


def test_a_broken_numba_is_a_warning_and_not_the_end(prior, monkeypatch, caplog):
    monkeypatch.setattr(rollout_native_choice, "numba_fault", lambda: "Numba needs another NumPy")
    assert recurrence_for(prior) is None
    assert "Numba needs another NumPy" in caplog.text


def test_another_precision_is_refused(prior):
    recurrence = recurrence_for(prior)
    with pytest.raises(ValueError, match="float64"):
        outputs_of(prior.float(), given(1, 2, torch.float32), True, recurrence)
    prior.double()


def test_what_was_compiled_is_kept_for_the_next_process(shipped):
    recurrence_for(shipped)
    code = """
from motionfit.priors.checkpoints import load_priors
from motionfit.priors.rollout_native_choice import recurrence_for
recurrence_for(load_priors().motion)
from motionfit.priors.rollout_native_recurrence import run, run_adjoint
print([sum(each.stats.cache_misses.values()) for each in (run, run_adjoint)])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[0, 0]"
    assert "Compiling" not in done.stderr


def test_the_cache_moves_with_numbas_and_is_never_in_the_installation(monkeypatch, tmp_path):
    from motionfit.priors import rollout_native_compile

    own = rollout_native_compile.cache_folder()
    assert not own.is_relative_to(Path(rollout_native_compile.__file__).parent)
    monkeypatch.setattr(rollout_native_compile.numba.config, "CACHE_DIR", str(tmp_path))
    assert rollout_native_compile.cache_folder() == tmp_path / own.name


def test_a_numba_that_cannot_compile_it_is_a_warning_too(prior, monkeypatch, caplog):
    from numba.core.errors import TypingError

    from motionfit.priors import rollout_native

    def fail(_prior):
        raise TypingError("it has changed")

    monkeypatch.setattr(rollout_native, "native_recurrence", fail)
    assert recurrence_for(prior) is None
    assert "it has changed" in caplog.text
