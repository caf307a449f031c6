"""What shows bodies and pictures: the 3D view, the camera view, and the source of video frames."""
