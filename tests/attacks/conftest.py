"""The listening daemon of the web tests, for attacks that need no process of their own."""

from tests.web.conftest import daemon, prepared

__all__ = ["daemon", "prepared"]
