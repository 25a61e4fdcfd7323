"""What is written for nginx and consul-template."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from jobs.names import DYNO_SERVICE, ROUTES_PREFIX
from router.__main__ import main
from router.render import HERE, consul_template_conf, push_command, render
from router.settings import RouterSettings, from_env


@pytest.fixture
def settings(tmp_path: Path) -> RouterSettings:
    return from_env({"NOMAPAAS_HOME": str(tmp_path / "h"), "NOMAPAAS_ROUTER_FIRST_BYTE_TIMEOUT": "0.5"})


def test_the_folder_holds_all_that_the_jobs_need(settings: RouterSettings) -> None:
    """Scripts that can be run, configurations, template and Lua code; rendering again changes nothing."""
    render(settings)
    first = {path: path.read_bytes() for path in settings.etc_dir.rglob("*") if path.is_file()}
    render(settings)

    assert first == {path: path.read_bytes() for path in settings.etc_dir.rglob("*") if path.is_file()}
    names = {str(path.relative_to(settings.etc_dir)) for path in first}
    lua = {f"lua/{path.name}" for path in (HERE / "lua").glob("*.lua")}
    cache = {f"cache/{path.name}" for path in (HERE / "cache").iterdir()}
    plain = {
        "nginx.conf",
        "edge.conf",
        "config-id",
        "memory-mb",
        "consul-template.json",
        "routes.ctmpl",
        "certs.ctmpl",
        "start-nginx",
        "start-consul-template",
    }
    assert names == lua | cache | plain
    for script in ("start-nginx", "start-consul-template", "cache/start-varnish"):
        assert (settings.etc_dir / script).stat().st_mode & stat.S_IXOTH


def test_nothing_is_left_to_fill_in(settings: RouterSettings) -> None:
    """Every place has its value, in the unit that nginx reads."""
    render(settings)

    for path in settings.etc_dir.rglob("*"):
        assert path.is_dir() or "@@" not in path.read_text()
    assert "proxy_read_timeout 500ms;" in (settings.etc_dir / "edge.conf").read_text()


def test_consul_template_never_gives_up_and_keeps_no_token(settings: RouterSettings) -> None:
    """It retries for ever, and the token is in no file."""
    document = json.loads(consul_template_conf(settings))

    assert document["consul"]["retry"]["attempts"] == 0
    assert document["vault"]["retry"]["attempts"] == 0
    assert "token" not in json.dumps(document)
    assert document["template"][0]["command"] == push_command(settings)


def test_the_template_reads_what_the_control_plane_writes() -> None:
    """The prefix and the service are those of the shared names."""
    template = (HERE / "routes.ctmpl").read_text()

    assert f'ls "{ROUTES_PREFIX.rstrip("/")}"' in template
    assert f'service "{DYNO_SERVICE}|any"' in template


def test_every_code_that_lua_uses_has_words() -> None:
    """A code without status and description would end a request in an error of our own."""
    known = set(re.findall(r"^    (H\d\d) = \{ status", (HERE / "lua" / "codes.lua").read_text(), re.MULTILINE))
    used = {code for path in (HERE / "lua").glob("*.lua") for code in re.findall(r'"(H\d\d)"', path.read_text())}

    assert used <= known


def test_every_variable_that_lua_sets_is_in_the_configuration() -> None:
    """Lua may read only what the configuration declares, and set only what it mentions besides."""
    included = [HERE / "nginx.conf", HERE / "edge.conf", *(HERE / "cache").glob("*.conf")]
    configuration = "".join(path.read_text() for path in included)
    lua = "".join(path.read_text() for path in (HERE / "lua").glob("*.lua"))

    for name in set(re.findall(r"var\.(edge_\w+)", lua)):
        is_set = re.search(rf"var\.{name} = ", lua) is not None
        assert len(re.findall(rf"\${name}\b", configuration)) >= 1 + is_set, name


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit code 1 and one sentence; else the folder's name."""
    assert main({"NOMAPAAS_PORT_BASE": "x"}) == 1
    assert capsys.readouterr().err.endswith("is not a number.\n")
    assert main({"NOMAPAAS_HOME": str(tmp_path)}) == 0
    assert capsys.readouterr().out == f"{tmp_path}/etc/router\n"
