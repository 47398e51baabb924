"""Settings: flag > environment > ``importer.toml`` > default. Frozen once loaded."""

from importer.settings.addresses import LOOPBACK
from importer.settings.loading import load
from importer.settings.model import ENV_PREFIX, Settings
from importer.settings.origins import Origin, changed, origins
from importer.settings.quantities import expected_amount
from importer.settings.secrecy import SECRET, checked_token, secret_text
from importer.settings.sources import NOT_SETTINGS, OWN_NAMES, settings_file

__all__ = [
    "ENV_PREFIX",
    "LOOPBACK",
    "NOT_SETTINGS",
    "OWN_NAMES",
    "SECRET",
    "Origin",
    "Settings",
    "changed",
    "checked_token",
    "expected_amount",
    "load",
    "origins",
    "secret_text",
    "settings_file",
]
