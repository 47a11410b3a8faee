"""A self-hosted monitor for jobs that must run: heartbeats come in, a late one raises an alert."""

__version__ = "0.1.0"
