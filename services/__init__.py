"""The services of this rig: one folder each."""
