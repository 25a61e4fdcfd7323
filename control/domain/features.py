"""What of the router an app may switch, under Heroku's names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One switch. Every app has every one, off until it is switched on."""

    name: str
    display_name: str
    description: str


SESSION_AFFINITY = Feature(
    name="http-session-affinity",
    display_name="Session affinity",
    description="Requests of one browser go to the dyno that answered its first one, as long as that dyno is there.",
)
NO_KEEPALIVE = Feature(
    name="http-disable-keepalive-to-dyno",
    display_name="No keep-alive to dynos",
    description="Each request gets a connection of its own to the dyno.",
)
FEATURES = (NO_KEEPALIVE, SESSION_AFFINITY)
"""By name."""
