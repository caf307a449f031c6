"""From the skeleton of a motion capture file to the SMPL body."""
