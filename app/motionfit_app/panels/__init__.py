"""The docks of the window: each reads the state and calls its methods, never another panel."""
