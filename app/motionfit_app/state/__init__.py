"""What the window is about, apart from any widget: document, live run, playback, undo."""
