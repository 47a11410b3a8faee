"""The daemon's settings: one TOML file, environment overrides and systemd credentials, validated at start."""

from seestackd.settings.alerting import ChannelSettings
from seestackd.settings.files import BadSettings
from seestackd.settings.load import SYSTEM_FILE, load
from seestackd.settings.model import Defaults, Server, Settings, Storage, split_address

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
