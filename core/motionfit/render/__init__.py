"""Pictures without a window: a small software renderer for meshes over video and over a textured floor."""
