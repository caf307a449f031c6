"""Makes the demo clip: a motion of our prior, filmed by our renderer, with keypoints and ground truth."""
