"""Decides what a monitor, slot or window becomes; no input or output, no clock, no async."""
