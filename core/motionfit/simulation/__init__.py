"""Degraded observations of a known motion: noise, hidden points, projection into a camera, missing frames."""

from motionfit.simulation.camera import camera_from_world
from motionfit.simulation.observe import simulate
from motionfit.simulation.spec import Projection, SimulationSpec

__all__ = ["Projection", "SimulationSpec", "camera_from_world", "simulate"]
