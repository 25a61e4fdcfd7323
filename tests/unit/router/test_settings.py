"""What the edge accepts from its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.settings import SettingsError, from_env


def test_everything_follows_from_home_and_port_base() -> None:
    """An instance's paths and ports need no settings of their own."""
    settings = from_env({"NOMAPAAS_HOME": "/srv/paas", "NOMAPAAS_PORT_BASE": "9000"})

    assert settings.listen == "127.0.0.1:9000"
    assert settings.consul_addr == "http://127.0.0.1:9020"
    assert settings.socket == Path("/srv/paas/router/edge.sock")
    assert settings.table_file == Path("/srv/paas/router/table.json")
    assert settings.log_socket == Path("/srv/paas/run/node-router.sock")
    assert settings.etc_dir == Path("/srv/paas/etc/router")
    assert settings.control == "127.0.0.1:9001"
    assert settings.control_token == Path("/srv/paas/secrets/router/api.token")
    assert settings.workers >= 1


def test_herokus_times_are_the_default() -> None:
    """5 s to connect, 30 s to the first byte, 55 s of silence, 75 s to boot, 5 s out of rotation."""
    settings = from_env({})

    times = (settings.connect_timeout, settings.first_byte_timeout, settings.idle_timeout, settings.boot_timeout)
    assert (*times, settings.quarantine) == (5, 30, 55, 75, 5)


def test_an_ipv6_address_is_bracketed() -> None:
    """NOMAPAAS_BIND may be of either kind."""
    settings = from_env({"NOMAPAAS_BIND": "::", "NOMAPAAS_PORT_BASE": "80"})

    assert (settings.listen, settings.control) == ("[::]:80", "[::1]:81")


def test_a_redirect_of_ports() -> None:
    """The public ports are the listeners' unless something else is said; 443 is not spelt out."""
    plain, behind = from_env({}), from_env({"NOMAPAAS_PUBLIC_HTTP_PORT": "80", "NOMAPAAS_PUBLIC_HTTPS_PORT": "443"})

    assert (plain.public_http_port, plain.public_https_port, plain.tls_suffix) == (8080, 8086, ":8086")
    assert (behind.public_http_port, behind.public_https_port, behind.tls_suffix) == (80, 443, "")
    assert behind.listen == "127.0.0.1:8080"
    assert from_env({"NOMAPAAS_TRUSTED_PROXIES": "10.0.0.0/8, ::1/128"}).trusted_proxies == ("10.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("told", "memory", "connections"),
    [
        ({"WORKERS": "1"}, 384, 7168),
        ({"WORKERS": "4"}, 1152, 7168),
        ({"WORKERS": "2", "MEMORY_MB": "224"}, 224, 512),
        ({"WORKERS": "2", "MEMORY_MB": "4096"}, 4096, 16384),
    ],
)
def test_connections_fit_into_the_memory(told: dict[str, str], memory: int, connections: int) -> None:
    """What a worker takes is bounded by its part of it."""
    settings = from_env({f"NOMAPAAS_ROUTER_{name}": value for name, value in told.items()})

    assert (settings.memory, settings.worker_connections) == (memory, connections)


def test_too_little_memory_is_said_with_what_is_enough() -> None:
    """For that many workers."""
    with pytest.raises(SettingsError, match="too little for 2 workers; set it to 224 at least"):
        from_env({"NOMAPAAS_ROUTER_WORKERS": "2", "NOMAPAAS_ROUTER_MEMORY_MB": "223"})


def test_the_control_api_is_asked_where_it_listens() -> None:
    """On the address that it binds, or on loopback where that is any."""
    assert from_env({"NOMAPAAS_BIND": "0.0.0.0"}).control == "127.0.0.1:8081"
    assert from_env({"NOMAPAAS_BIND": "192.0.2.1"}).control == "192.0.2.1:8081"


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("NOMAPAAS_PORT_BASE", "http", "not a number"),
        ("NOMAPAAS_ROUTER_BOOT_TIMEOUT", "0", "greater than 0"),
        ("NOMAPAAS_ROUTER_IDLE_TIMEOUT", "-1", "greater than 0"),
        ("NOMAPAAS_ROUTER_IDLE_TIMEOUT", "nan", "greater than 0"),
        ("NOMAPAAS_ROUTER_WORKERS", "0.5", "below 1"),
        ("NOMAPAAS_BIND", "0.0.0.0; include /etc/passwd", "cannot have"),
        ("NOMAPAAS_PUBLIC_HTTP_PORT", "80.5", "not a whole number"),
        ("NOMAPAAS_TRUSTED_PROXIES", "10.0.0.0/8;include", "cannot have"),
        ("NOMAPAAS_HOME", '/srv/"x', "cannot have"),
        ("NOMAPAAS_HOME", "/srv/a\nb", "cannot have"),
        ("NOMAPAAS_HOME", "/srv/$host", "cannot have"),
        ("NOMAPAAS_HOME", "/srv/" + "x" * 100, "longer than a socket"),
        ("CONSUL_HTTP_ADDR", "http://c:1 x", "cannot have"),
    ],
)
def test_a_bad_value_gets_a_sentence(name: str, value: str, part: str) -> None:
    """Nothing that could become configuration of another kind is rendered."""
    with pytest.raises(SettingsError, match=part) as raised:
        from_env({name: value})

    assert str(raised.value).endswith(".")
