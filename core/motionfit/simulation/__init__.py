"""Degraded observations of a known motion: noise, hidden points, a camera, missing frames, mistakes."""

from motionfit.simulation.camera import camera_from_world, walking_camera
from motionfit.simulation.observe import faults_of, simulate, simulate_through
from motionfit.simulation.spec import Projection, SimulationSpec

__all__ = [
    "Projection",
    "SimulationSpec",
    "camera_from_world",
    "faults_of",
    "simulate",
    "simulate_through",
    "walking_camera",
]
