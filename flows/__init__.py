"""Prefect flows: thin tasks, each one call into `pipeline` or `models`.

Prefect reads its settings when it is first imported, so the defaults that it needs here are given before.
Whatever the environment says already wins.
"""

import os
import sys

# Prefect's own server, started for a run without one, needs more than its default of 20 s (12-22 s measured).
_DEFAULTS = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}

if "prefect" not in sys.modules:
    for _name, _value in _DEFAULTS.items():
        os.environ.setdefault(_name, _value)
