"""HTTP sessions for the SDKs that bring `requests`: pooled, bounded in time, deaf to the process's environment."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter

TIMEOUT = (2.0, 10.0)
"""Seconds to connect and to read."""


def session() -> requests.Session:
    """A session that many threads share: its pool is locked, and nothing else in it changes."""
    made = requests.Session()
    # Proxy variables and ~/.netrc are for the world outside; the servers' addresses and tokens come from settings.
    made.trust_env = False
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=32, max_retries=0)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made
