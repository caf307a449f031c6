"""Half precision stays inside the networks."""

import torch

from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import PosePrior
from motionfit.training.lightning_module import compute_in_half


def test_networks_compute_in_half_precision_and_answer_in_single():
    torch.manual_seed(0)
    motion, pose = MotionPrior(MotionPriorWidths((64,), (64,), (64, 32))), PosePrior().eval()
    past, latent = torch.randn(4, 339), torch.randn(4, 48)
    rotations = torch.eye(3).expand(4, 21, 3, 3)
    inside = []
    motion.decoder.net[0].register_forward_hook(lambda _net, _given, found: inside.append(found.dtype))
    expected = (motion.prior(past)[0], pose.encode(rotations)[0], pose.decode(torch.randn(4, 32)))
    compute_in_half([motion.encoder, motion.decoder, motion.prior_net, pose.encoder_net, pose.decoder_net], "cpu")
    found = (motion.prior(past)[0], pose.encode(rotations)[0], pose.decode(torch.randn(4, 32)))
    assert all(value.dtype == torch.float32 for value in found)
    assert not torch.equal(found[0], expected[0])
    torch.testing.assert_close(found[0], expected[0], rtol=0.1, atol=0.02)
    state, logits = motion.decode(past, latent)
    assert inside[-1] == torch.bfloat16
    assert state.dtype == logits.dtype == torch.float32
    turned = found[2] @ found[2].transpose(-1, -2)
    torch.testing.assert_close(turned, torch.eye(3).expand_as(turned), rtol=0, atol=1e-5)
    state.sum().backward()
    assert motion.decoder.net[0].weight.grad.dtype == torch.float32
