"""The daemon's settings: one TOML file, environment overrides and systemd credentials, validated at start.

What validates them is imported with its first use: the command line asks the daemon without it.
"""

import importlib
from typing import TYPE_CHECKING, Any

from seestackd.settings.files import SYSTEM_FILE, BadSettings

if TYPE_CHECKING:
    from seestackd.settings.alerting import ChannelSettings
    from seestackd.settings.model import Defaults, Server, Settings, Storage, split_address
    from seestackd.settings.reading import load

__all__ = [
    "SYSTEM_FILE",
    "BadSettings",
    "ChannelSettings",
    "Defaults",
    "Server",
    "Settings",
    "Storage",
    "load",
    "split_address",
]

_ROOMS = {"ChannelSettings": "alerting", "load": "reading"}


def __getattr__(name: str) -> Any:
    """Import a name of `__all__` on first use (PEP 562). Raises AttributeError for others."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_ROOMS.get(name, 'model')}")
    return getattr(module, name)
