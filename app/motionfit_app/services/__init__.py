"""What the program needs around the window: preferences, icons, theme, log."""
