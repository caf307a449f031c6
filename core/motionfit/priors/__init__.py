"""The learned priors: pose, motion, roll-out, initial state, checkpoints."""
