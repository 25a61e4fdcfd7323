"""The command line itself: names, help, exit codes, how errors look."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import __version__
from cli.registry import ALIASES, ENTRIES, load

ROOT = Path(__file__).parents[3]
OURS = [name for name, entry in ENTRIES.items() if entry.module != "platform"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_what_the_registry_says(name):
    """The table that help is made from names commands that exist."""
    assert name == load(name).name


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases_lead_to_commands_and_hide_none(alias):
    """An alias stands for a command and takes no command's name."""
    assert ALIASES[alias] in ENTRIES
    assert alias not in ENTRIES


def test_help_lists_every_command(cli):
    """`nomapaas --help`, and `nomapaas` alone, show all commands on stdout."""
    result = cli("--help")

    assert (result.status, result.err) == (0, "")
    assert all(f"\n  {name} " in result.out for name in ENTRIES)
    assert result.out == cli().out == cli("help").out


@pytest.mark.parametrize(
    "words",
    [
        ("config:set", "--help"),
        ("config", "set", "-h"),
        ("help", "config:set"),
        ("help", "config", "set"),
        ("help", "config:add"),
    ],
)
def test_help_for_one_command(cli, words):
    """Every way of asking gives the same page."""
    result = cli(*words)

    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("Usage: nomapaas config:set [OPTIONS] [KEY=value]...\n")


def test_version(cli):
    """`--version` and `version`."""
    assert f"nomapaas {__version__}\n" == cli("--version").out
    assert cli("version").out.startswith(f"nomapaas {__version__} (Python 3.")
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_an_unknown_command_exits_with_127_and_a_suggestion(cli):
    """A typing error is answered with what was probably meant."""
    result = cli("confg:set", "A=1")

    assert (result.status, result.out) == (127, "")
    assert result.err == ' ›   Error: confg:set is not a nomapaas command. Did you mean "nomapaas config:set"?\n'


def test_an_unknown_command_like_no_other(cli):
    """Without a near miss, the way to the list."""
    result = cli("zzzzzz")

    assert result.status == 127
    assert result.err == ' ›   Error: zzzzzz is not a nomapaas command. "nomapaas help" lists the commands.\n'


def test_wrong_usage_exits_with_2(cli):
    """An unknown option: what is wrong, and where to read on."""
    result = cli("logs", "--wat")

    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(" ›   Error: No such option")
    assert result.err.endswith('"nomapaas logs --help" shows how to use it.\n')


def test_the_space_form_is_the_colon_form(cli, host):
    """`nomapaas maintenance on` is `maintenance:on`."""
    host.on("PATCH", "/apps/hello", {"maintenance": True})

    result = cli("maintenance", "on")

    assert (result.status, result.err) == (0, "Enabling maintenance mode for ⬢ hello... done\n")


def test_the_app_may_come_before_the_command(cli, host):
    """`nomapaas --app other maintenance`."""
    host.on("GET", "/apps/other", {"maintenance": False})

    assert cli("--app", "other", "maintenance").out == "off\n"


def test_a_failure_of_the_cli_is_a_sentence(cli, host):
    """Never a traceback, unless it is asked for."""
    host.on("GET", "/apps/hello", {"no": "such field"})

    result = cli("maintenance")

    assert (result.status, result.out) == (1, "")
    assert result.err == " ›   Error: The CLI failed (KeyError: 'maintenance'). NOMAPAAS_DEBUG=1 shows where.\n"


def test_debug_shows_the_traceback_and_the_requests(cli, host):
    """NOMAPAAS_DEBUG=1 is for whoever looks for the fault."""
    host.on("GET", "/apps/hello", {"no": "such field"})
    cli.variables["NOMAPAAS_DEBUG"] = "1"

    result = cli("maintenance")

    assert "GET http://127.0.0.1:8081/apps/hello 200 0ms\n" in result.err
    assert "Traceback (most recent call last):" in result.err
    assert "secret-token" not in result.err


def test_interrupted(cli, host):
    """^C is 130 without a word."""

    def interrupt(request):
        raise KeyboardInterrupt

    host.add("GET", "/apps/hello", interrupt)

    result = cli("maintenance")

    assert (result.status, result.out, result.err) == (130, "", "\n")


def test_colours_only_where_they_are_wanted(cli, host):
    """A terminal gets them; NO_COLOR, --no-color, TERM=dumb and pipes do not."""
    assert "\x1b[31m" in cli("zzz", tty=True).err
    assert "\x1b[" not in cli("zzz").err
    assert "\x1b[" not in cli("--no-color", "zzz", tty=True).err
    host.on("GET", "/apps", [{"name": "hello"}])
    assert "\x1b[" not in cli("apps", "--no-color", tty=True).out
    cli.variables["NO_COLOR"] = "1"
    assert "\x1b[" not in cli("zzz", tty=True).err
    cli.variables |= {"NO_COLOR": "", "TERM": "dumb"}
    assert "\x1b[" not in cli("zzz", tty=True).err


def test_platform_commands_without_a_checkout_say_so(cli, monkeypatch):
    """The rest of the CLI works where cli.commands.platform cannot be imported."""
    monkeypatch.setitem(sys.modules, "cli.commands.platform", None)

    result = cli("up")

    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(' ›   Error: "nomapaas up" needs a checkout of nomapaas on the platform\'s machine')


def test_a_reader_that_goes_away_is_no_error():
    """`nomapaas help | true` ends with 0 and nothing on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "help"], cwd=ROOT, stdout=gone, stderr=subprocess.PIPE, check=False
        )

    assert (done.returncode, done.stderr) == (0, b"")


def test_help_loads_no_http_library():
    """Start-up is fast because only commands that talk to the API load what that needs."""
    code = (
        "import sys; from cli.main import main; main(['--help']); main(['push', '--help']); "
        "sys.exit(', '.join({'httpx', 'json.tool', 'control', 'sqlalchemy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
