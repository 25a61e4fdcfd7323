"""config, config:get, config:set, config:unset."""

from __future__ import annotations

import json

import pytest

VARS = {"B": "two", "A": "it's\nlong", "URL": "postgres://x"}


@pytest.fixture
def app(host):
    host.on("GET", "/apps/hello/config-vars", VARS)
    host.on("PATCH", "/apps/hello/config-vars", VARS | {"NEW": "1", "EMPTY": ""})
    host.on("GET", "/apps/hello/releases", [{"id": "r12", "version": 12, "status": "pending"}])
    return host


def test_config_lists_all_sorted(cli, app):
    """Keys and values, aligned."""
    result = cli("config")

    assert (result.status, result.err) == (0, "")
    assert result.out == "=== hello Config Vars\nA:   it's\nlong\nB:   two\nURL: postgres://x\n"


def test_config_for_a_shell_can_be_read_back(cli, app):
    """Every value survives `eval`, quotes and newlines too."""
    assert cli("config", "-s").out == "A='it'\"'\"'s\nlong'\nB='two'\nURL='postgres://x'\n"


def test_config_json(cli, app):
    """The API's object."""
    assert json.loads(cli("config", "--json").out) == VARS


def test_no_config_vars(cli, host):
    """An empty list is said on stderr."""
    host.on("GET", "/apps/hello/config-vars", {})

    result = cli("config")

    assert (result.status, result.out) == (0, "")
    assert result.err == "⬢ hello has no config vars. Set one: nomapaas config:set KEY=value.\n"


def test_get_prints_the_value_alone(cli, app):
    """For `$(nomapaas config:get URL)`."""
    assert cli("config:get", "URL").out == "postgres://x\n"
    assert cli("config:get", "URL", "-s").out == "URL='postgres://x'\n"
    assert json.loads(cli("config:get", "URL", "B", "-j").out) == {"B": "two", "URL": "postgres://x"}


def test_get_of_what_is_not_there_fails(cli, app):
    """An empty answer could be taken for an empty value."""
    result = cli("config:get", "URL", "NOPE")

    assert (result.status, result.out) == (1, "")
    assert result.err == ' ›   Error: hello has no config var NOPE. "nomapaas config" lists those that there are.\n'


def test_set_is_one_release(cli, app):
    """All pairs in one request; what was set on stdout, the version on stderr."""
    result = cli("config:set", "NEW=1", "EMPTY=", "WITH=a=b")

    assert result.status == 0
    assert result.out == "NEW:   1\nEMPTY: \n"
    assert result.err == "Setting NEW, EMPTY, WITH and restarting ⬢ hello... done, v12\n"
    assert app.bodies("PATCH", "/apps/hello/config-vars") == [{"NEW": "1", "EMPTY": "", "WITH": "a=b"}]
    assert app.requests[-1].headers["Range"] == "version ..; order=desc,max=1"


@pytest.mark.parametrize("words", [("config", "set", "A"), ("config:set", "=x"), ("config:add",)])
def test_set_without_pairs_is_a_usage_error(cli, app, words):
    """Nothing is sent."""
    result = cli(*words)

    assert (result.status, result.out) == (2, "")
    assert app.requests == []


ENV_FILE = """\
# comment
NEW=1
export QUOTED="two words"
SINGLE='raw $HOME ${X}'
DOLLAR=a$b${c}
TRAILING=value # comment
"""
PARSED = {
    "NEW": "1",
    "QUOTED": "two words",
    "SINGLE": "raw $HOME ${X}",
    "DOLLAR": "a$b${c}",
    "TRAILING": "value",
}


def test_set_from_an_env_file(cli, app):
    """Comments and quotes go, `$` stays; words on the command line win."""
    (cli.folder / "prod.env").write_text(ENV_FILE)

    result = cli("config:set", "-f", "prod.env", "NEW=2")

    assert result.status == 0
    assert app.bodies("PATCH", "/apps/hello/config-vars") == [PARSED | {"NEW": "2"}]


def test_set_from_standard_input(cli, app):
    """`-` reads what is piped in."""
    result = cli("config:set", "--env-file", "-", stdin=ENV_FILE)

    assert result.status == 0
    assert app.bodies("PATCH", "/apps/hello/config-vars") == [PARSED]


def test_set_from_json(cli, app):
    """What `config --json` prints can be set again."""
    cli("config:set", "--env-file", "-", stdin=json.dumps(VARS))

    assert app.bodies("PATCH", "/apps/hello/config-vars") == [VARS]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\nnot a pair\n", "Line 2 of standard input is not of the form KEY=value. Nothing was set."),
        ("A=1\nB\n", "Line 2 of standard input is not of the form KEY=value. Nothing was set."),
        ("# nothing\n", "standard input holds no variables."),
        ('{"A": 1}', "The value of A in standard input is no string. Nothing was set."),
    ],
)
def test_a_file_that_is_no_list_of_variables(cli, app, text, message):
    """Which line, and that nothing was set."""
    result = cli("config:set", "-f", "-", stdin=text)

    assert (1, f" ›   Error: {message}\n") == (result.status, result.err)
    assert app.requests == []


def test_a_file_that_is_not_there(cli, app):
    """Its name and why."""
    result = cli("config:set", "-f", "nope.env")

    assert (result.status, result.err) == (1, " ›   Error: nope.env cannot be read (No such file or directory).\n")


def test_unset(cli, app):
    """A null removes; a key that is not there is only a warning."""
    result = cli("config:unset", "B", "NOPE")

    assert (result.status, result.out) == (0, "")
    assert app.bodies("PATCH", "/apps/hello/config-vars") == [{"B": None}]
    assert result.err == (
        " ›   Warning: hello has no config var NOPE.\nUnsetting B and restarting ⬢ hello... done, v12\n"
    )


def test_set_can_wait_for_the_release(cli, app):
    """--wait fails when the release does."""
    failed = {"id": "r12", "version": 12, "status": "failed", "failure_message": "web.1 exited with 1."}
    app.on("GET", "/apps/hello/releases/r12", failed)

    result = cli("config:set", "NEW=1", "--wait")

    assert result.status == 1
    assert result.err.endswith(" ›   Error: v12 is not on the air: web.1 exited with 1.\n")


def test_set_tells_when_the_release_it_waited_for_is_on_the_air(cli, app):
    """--wait ends with what a push ends with."""
    app.on("GET", "/apps/hello/releases/r12", {"id": "r12", "version": 12, "status": "succeeded"})

    result = cli("config:set", "NEW=1", "--wait")

    assert result.status == 0
    assert result.err.endswith("       Released v12\n")
