"""Remembers: the contract that every store keeps, and the stores that keep it."""
