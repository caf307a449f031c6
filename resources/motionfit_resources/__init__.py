"""Data of MotionFit: body files, prior weights, demo clip, presets, icons, shaders, themes and help pages."""
