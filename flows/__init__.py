"""Prefect flows: thin tasks, each one call into `pipeline` or `models`.

Prefect reads its settings when it is first imported, so the defaults that it needs here are given before.
Whatever the environment says already wins.
"""

import os
import sys

_DEFAULTS = {
    # Prefect's own server, started for a run without one, took 12-22 s; its default limit is 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # The library also logs outside of flows; Prefect would warn at each line.
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}

if "prefect" not in sys.modules:
    for _name, _value in _DEFAULTS.items():
        os.environ.setdefault(_name, _value)
