"""What app.json may say, and what is refused."""

from __future__ import annotations

import json

import pytest

from buildpacks.slugc import app_json
from buildpacks.slugc.exit_codes import BuildError, ExitCode
from buildpacks.slugc.main import run

PROCFILE = {"Procfile": "web: ./serve\n", "serve!": "#!/bin/sh\n"}


@pytest.fixture
def read(tmp_path):
    """Reads an app.json of this content."""

    def read_it(content):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "app.json").write_text(text)
        return app_json.read(tmp_path)

    return read_it


def test_a_source_without_one_asks_for_nothing(tmp_path):
    """It is optional."""
    assert app_json.read(tmp_path) is None


def test_everything_is_brought_into_one_form(read):
    """Heroku's short and long forms come out alike; what the platform does not know is left out."""
    found = read(
        {
            "name": "x",
            "env": {"A": "1", "B": {"value": True}, "C": {"generator": "secret"}, "D": {"required": False}},
            "buildpacks": [{"url": "heroku/python"}, "https://example.com/b.git"],
            "formation": {"web": {"quantity": 2, "size": "Standard-1X"}, "worker": {"quantity": 1}},
            "scripts": {"postdeploy": "seed", "pr-predestroy": "drop"},
            "healthchecks": {"web": [{"path": "/up"}]},
            "cron": [{"command": "tidy", "schedule": "@daily", "maintenance": True}],
            "cache": True,
        }
    )

    assert found.result(first=True) == {
        "env": {"A": {"value": "1"}, "B": {"value": "true"}, "C": {"generator": "secret"}},
        "buildpacks": ["heroku/python", "https://example.com/b.git"],
        "formation": {"web": {"quantity": 2, "size": "Standard-1X"}, "worker": {"quantity": 1}},
        "postdeploy": "seed",
        "healthchecks": {"web": [{"path": "/up"}]},
        "cron": [{"command": "tidy", "schedule": "@daily"}],
        "cache": True,
    }


def test_later_pushes_change_no_settings(read):
    """Whoever scaled or set something since keeps it; checks and schedules belong to the code."""
    asked = {"env": {"A": "1"}, "formation": {"web": {"quantity": 9}}, "cron": [], "healthchecks": {"web": []}}
    found = read(asked | {"cache": True})

    assert found.result(first=False) == {"healthchecks": {"web": []}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1, column 2 is not JSON"),
        ("[]", "it is not an object in braces"),
        ('{"name": "\\ud800"}', "it is not JSON in UTF-8"),
        ("[" * 100_000, "it is not JSON in UTF-8"),
        ('"' + "x" * 300_000, "it is larger than 256 kB"),
        ({"cache": "yes"}, "cache is neither true nor false"),
        ({"env": []}, "env is not an object in braces"),
        ({"env": {"A-B": "1"}}, "A-B under env cannot be the name of a config var"),
        ({"env": {"A": ["1"]}}, "the value of A under env is not a text"),
        ({"env": {"A": {"generator": "uuid"}}}, "there is only `secret`"),
        ({"formation": {"web": 2}}, "formation.web is not an object in braces"),
        ({"buildpacks": {}}, "buildpacks is not a list in brackets"),
        ({"buildpacks": [{"name": "x"}]}, "an entry of buildpacks has no url"),
        ({"scripts": {"postdeploy": ["a"]}}, "scripts.postdeploy is not a text"),
        ({"cron": [{"command": "a"}]}, "an entry of cron needs a command and a schedule"),
    ],
)
def test_what_cannot_be_used_is_said(read, content, said):
    """One sentence names the place."""
    with pytest.raises(BuildError, match=r"^app\.json cannot be used: .* Mend it and push again\.$") as caught:
        read(content)

    assert said in str(caught.value)
    assert caught.value.code is ExitCode.APP_JSON_WRONG


def test_add_ons_are_left_out_aloud(read, capfd):
    """The app may do without, so it is no error."""
    read({"addons": ["heroku-postgresql"]})

    assert " !     What app.json lists under addons is left out" in capfd.readouterr().out


def test_sources_for_containers_are_refused(tmp_path):
    """With what to use instead."""
    (tmp_path / "heroku.yml").write_text("build:\n  docker:\n    web: Dockerfile\n")

    with pytest.raises(BuildError, match=r"put its commands under `run` into a Procfile") as caught:
        app_json.read(tmp_path)
    assert caught.value.code is ExitCode.CONTAINERS


def test_a_source_that_can_be_built_either_way_is_built_as_a_slug(tmp_path, capfd):
    """Its Procfile says so."""
    (tmp_path / "heroku.yml").write_text("build:\n  docker:\n    web: Dockerfile\n")
    (tmp_path / "Procfile").write_text("web: ./serve\n")

    assert app_json.read(tmp_path) is None
    assert "heroku.yml is left out" in capfd.readouterr().out


def test_a_source_for_both_is_built_as_a_slug(tmp_path, capfd):
    """Samples that show off containers have a Procfile as well."""
    (tmp_path / "heroku.yml").write_text("build:\n  docker:\n    web: Dockerfile\n")
    (tmp_path / "Procfile").write_text("web: ./serve\n")

    assert app_json.read(tmp_path) is None
    assert " !     heroku.yml is left out" in capfd.readouterr().out


@pytest.fixture
def shows_env(own_buildpack):
    """A buildpack that prints the config vars."""
    own_buildpack("python", detect="exit 1")
    own_buildpack(
        "procfile", detect="echo Procfile", compile_='cd "$3"; for name in *; do echo "$name=$(cat $name)"; done'
    )


def test_a_first_build_sees_the_config_vars_that_are_to_come(shows_env, inputs, capfd):
    """Values and made-up secrets, but what the app has already stays as it is."""
    env = {"A": "one", "B": {"generator": "secret"}, "C": {"value": "not this"}}
    made = inputs({**PROCFILE, "app.json": json.dumps({"env": env})}, first=True, config={"C": "kept"})

    assert run(made) == ExitCode.OK

    printed = capfd.readouterr().out.splitlines()
    assert "A=one" in printed
    assert "C=kept" in printed
    assert next(len(line) for line in printed if line.startswith("B=")) == len("B=") + 64


def test_no_made_up_secret_is_in_the_result(shows_env, inputs, capfd):
    """The result stays on the node for a while; the platform makes up the secret that counts."""
    made = inputs({**PROCFILE, "app.json": '{"env": {"B": {"generator": "secret"}}}'}, first=True)

    assert run(made) == ExitCode.OK

    secret = next(line for line in capfd.readouterr().out.splitlines() if line.startswith("B="))[2:]
    assert secret not in (made.out / "result.json").read_text()


def test_config_vars_that_only_the_owner_has(shows_env, inputs):
    """All of them in one sentence, before anything is built; not at later pushes."""
    env = {"KEY": {"description": "of your account"}, "OTHER": {"value": ""}, "FREE": {"required": False}}
    made = inputs({**PROCFILE, "app.json": json.dumps({"env": env})}, first=True)

    assert run(made) == ExitCode.CONFIG_MISSING

    assert "set KEY=... OTHER=... with `nomapaas config:set`" in (made.out / "result.json").read_text()


def test_a_later_build_asks_for_no_config_vars(shows_env, inputs):
    """An app that runs without them is not stopped by them."""
    assert run(inputs({**PROCFILE, "app.json": '{"env": {"KEY": {}}}'})) == ExitCode.OK


def test_buildpacks_of_app_json_count_at_the_first_push(own_buildpack, inputs, capfd):
    """And only when nobody has chosen others."""
    own_buildpack("python", detect="echo Python")
    own_buildpack("procfile", detect="echo Procfile")
    files = {**PROCFILE, "app.json": '{"buildpacks": [{"url": "heroku/procfile"}]}'}

    assert run(inputs(files, first=True)) == ExitCode.OK
    assert "-----> Using buildpack: heroku/procfile\n" in capfd.readouterr().out
