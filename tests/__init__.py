"""The tests, one folder per room, and `journeys` through the whole daemon."""
