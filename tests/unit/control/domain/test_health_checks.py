"""What `healthchecks` in app.json may ask for."""

from __future__ import annotations

import pytest

from control.domain.health_checks import HealthCheck, parse_health_checks
from control.domain.rules import BrokenRule


def test_nothing_is_asked_for() -> None:
    """No entry, an empty one, or checks of what the platform looks at anyway."""
    assert parse_health_checks(None) is None
    assert parse_health_checks({}) is None
    assert parse_health_checks({"web": [{"type": "startup", "listening": True}], "worker": [{"uptime": 10}]}) is None


def test_a_path_alone_takes_the_defaults() -> None:
    """The shortest form."""
    assert parse_health_checks({"web": [{"path": "/up"}]}) == HealthCheck(path="/up", startup_s=15)


def test_every_kind_has_its_say() -> None:
    """Start-up gives the time to boot, readiness the rhythm, liveness the replacement."""
    found = parse_health_checks(
        {
            "web": [
                {"type": "startup", "path": "/up?deep=1", "initialDelay": 30, "attempts": 10, "wait": 6},
                {"type": "readiness", "path": "/up?deep=1", "wait": 2, "timeout": 1},
                {"type": "liveness", "path": "/up?deep=1", "attempts": 4},
            ]
        }
    )

    assert found == HealthCheck(path="/up?deep=1", interval_s=2, timeout_s=1, startup_s=90, restart_after=4)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "must be an object"),
        ({"web": {}}, "must be a list of objects"),
        ({"web": ["/up"]}, "must be a list of objects"),
        ({"web": [{"command": ["true"]}]}, "runs a command"),
        ({"worker": [{"path": "/up"}]}, "only web dynos answer"),
        ({"web": [{"type": "other", "path": "/up"}]}, "does not exist"),
        ({"web": [{"path": "/a"}, {"path": "/b", "type": "liveness"}]}, "several paths"),
        ({"web": [{"path": "/up", "wait": 0}]}, "from 1 to 60"),
        ({"web": [{"path": "/up", "timeout": "5"}]}, "from 1 to 30"),
        ({"web": [{"path": "/up", "attempts": True}]}, "from 1 to 100"),
    ],
)
def test_what_cannot_be_is_one_sentence(value: object, said: str) -> None:
    """It names app.json, so that one knows where to look."""
    with pytest.raises(BrokenRule, match=said) as caught:
        parse_health_checks(value)

    assert "app.json" in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "up",
        "//127.0.0.1:8500/v1/agent/self",
        "http://127.0.0.1/",
        "/${env}",
        "/a b",
        "/\r\nHost: x",
        "/" + "a" * 500,
        7,
    ],
)
def test_a_path_stays_on_its_dyno(path: object) -> None:
    """No other host, no variable of Nomad's, nothing that ends the request line."""
    with pytest.raises(BrokenRule, match="one slash"):
        parse_health_checks({"web": [{"path": path}]})
