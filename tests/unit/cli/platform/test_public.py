"""How other machines reach an instance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.platform.instance import Instance
from cli.platform.problem import Problem
from cli.platform.public import Public

BEHIND = {
    "NOMAPAAS_PUBLIC_HOST": "paas.example.org",
    "NOMAPAAS_PUBLIC_HTTP_PORT": "80",
    "NOMAPAAS_PUBLIC_HTTPS_PORT": "443",
    "NOMAPAAS_PUBLIC_API_URL": "https://api.paas.example.org/",
    "NOMAPAAS_PUBLIC_STORE_URL": "https://store.paas.example.org:8443",
    "NOMAPAAS_TRUSTED_PROXIES": "10.1.0.0/16 192.0.2.7,2001:db8::/32",
}


def test_where_it_listens_unless_something_is_said(tmp_path: Path) -> None:
    """The host alone needs no redirect and no proxy."""
    told = {"NOMAPAAS_HOME": str(tmp_path / "home"), "NOMAPAAS_PUBLIC_HOST": "192.0.2.1"}
    instance = Instance.from_env(told)

    assert [instance.public_url(part) for part in ("router", "api", "minio")] == [
        "http://192.0.2.1:8080",
        "http://192.0.2.1:8081",
        "http://192.0.2.1:8083",
    ]
    assert instance.public.env() == {}


def test_urls_and_ports_in_the_place_of_those(tmp_path: Path) -> None:
    """The router and the control plane are told what was set; `up` remembers it."""
    instance = Instance.from_env(BEHIND | {"NOMAPAAS_HOME": str(tmp_path / "home")})

    assert [instance.public_url(part) for part in ("router", "api", "minio")] == [
        "http://paas.example.org",
        "https://api.paas.example.org",
        "https://store.paas.example.org:8443",
    ]
    assert instance.public.env() == {
        "NOMAPAAS_PUBLIC_HTTP_PORT": "80",
        "NOMAPAAS_PUBLIC_HTTPS_PORT": "443",
        "NOMAPAAS_PUBLIC_API_URL": "https://api.paas.example.org",
        "NOMAPAAS_PUBLIC_STORE_URL": "https://store.paas.example.org:8443",
        "NOMAPAAS_TRUSTED_PROXIES": "10.1.0.0/16,192.0.2.7/32,2001:db8::/32",
    }
    assert not {name for name, _ in instance.passed_on} & BEHIND.keys()
    instance.memory.parent.mkdir(parents=True)
    instance.memory.write_text(json.dumps(dict(instance.told)))
    assert Instance.from_env({"NOMAPAAS_HOME": str(tmp_path / "home")}).public == instance.public


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("NOMAPAAS_PUBLIC_HOST", "a b", "a host name or an address"),
        ("NOMAPAAS_PUBLIC_HTTP_PORT", "http", "from 1 to 65535"),
        ("NOMAPAAS_PUBLIC_HTTP_PORT", "0", "from 1 to 65535"),
        ("NOMAPAAS_PUBLIC_HTTPS_PORT", "65536", "from 1 to 65535"),
        ("NOMAPAAS_PUBLIC_API_URL", "paas.example.org", "a URL of a host alone"),
        ("NOMAPAAS_PUBLIC_API_URL", "ftp://paas.example.org", "a URL of a host alone"),
        ("NOMAPAAS_PUBLIC_API_URL", "https://paas.example.org/api", "a URL of a host alone"),
        ("NOMAPAAS_PUBLIC_API_URL", "https://me:x@paas.example.org", "a URL of a host alone"),
        ("NOMAPAAS_PUBLIC_STORE_URL", "https://paas.example.org:port", "a URL of a host alone"),
        ("NOMAPAAS_PUBLIC_STORE_URL", "https://", "a URL of a host alone"),
        ("NOMAPAAS_TRUSTED_PROXIES", "balancer", "no network"),
        ("NOMAPAAS_TRUSTED_PROXIES", "10.1.2.3/16", "no network"),
        ("NOMAPAAS_TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0", "every address"),
        ("NOMAPAAS_TRUSTED_PROXIES", "::/0", "every address"),
    ],
)
def test_a_wrong_one_is_a_sentence(name: str, value: str, part: str) -> None:
    """It names the variable and what to write."""
    with pytest.raises(Problem, match=rf"^{name} .*{part}"):
        Public.from_env({name: value})
