"""The fit: settings, stages, initialisation, windows and the wiring of all."""
