"""The SMPL-family body: skeleton, forward pass, keypoints."""
