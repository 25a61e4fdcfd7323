"""A build from source to slug, with small buildpacks."""

from __future__ import annotations

import json
import tarfile
import time

import pytest

from buildpacks.slugc.exit_codes import ExitCode
from buildpacks.slugc.main import run

PROCFILE = {"Procfile": "web: ./serve\n", "serve!": "#!/bin/sh\n"}
DETECTS = "echo Procfile"


@pytest.fixture
def plain(own_buildpack):
    """The usual case: python does not detect, procfile does."""
    own_buildpack("python", detect="exit 1")
    own_buildpack("procfile", detect=DETECTS, compile_="echo built > $1/made; date > $2/kept; echo '-----> at work'")


def result(made):
    return json.loads((made.out / "result.json").read_text())


def slug(made):
    return tarfile.open(made.out / "slug.tgz")


def test_a_build_leaves_slug_result_and_cache(plain, inputs, capfd):
    """The platform collects three files; the user sees every step."""
    made = inputs(PROCFILE)

    assert run(made) == ExitCode.OK

    with slug(made) as tar:
        assert {"./app", "./app/Procfile", "./app/serve", "./app/made"} <= set(tar.getnames())
        assert {(member.uid, member.uname) for member in tar} == {(0, "")}
    assert result(made)["process_types"] == {"web": "./serve"}
    assert result(made)["buildpack_provided_description"] == "Procfile"
    assert result(made)["slug_bytes"] == (made.out / "slug.tgz").stat().st_size
    with tarfile.open(made.out / "cache.tar") as tar:
        assert "./kept" in tar.getnames()
    printed = capfd.readouterr().out
    assert "-----> Procfile app detected\n-----> at work\n-----> Discovering process types\n" in printed
    assert "       Procfile declares types -> web\n" in printed


def test_files_are_as_old_as_their_build(plain, inputs):
    """Whatever the tarball says: browsers keep a page by its time and size."""
    before = int(time.time())
    made = inputs(PROCFILE)

    assert run(made) == ExitCode.OK

    with slug(made) as tar:
        assert tar.getmember("./app/serve").mtime >= before


def test_the_cache_comes_back(own_buildpack, inputs, write_tar, tmp_path):
    """What a buildpack keeps is there at the next build."""
    own_buildpack("python", detect="exit 1")
    own_buildpack("procfile", detect=DETECTS, compile_="cp $2/count $1/count 2>/dev/null || true; echo x >> $2/count")
    first = inputs(PROCFILE)
    run(first)

    second = inputs(PROCFILE, cache=tmp_path / "out/cache.tar", out=tmp_path / "out2")
    assert run(second) == ExitCode.OK

    with slug(second) as tar:
        assert "./app/count" in tar.getnames()


@pytest.mark.parametrize("content", [b"", b"damaged"])
def test_a_damaged_cache_costs_only_time(plain, inputs, content):
    """The build goes on without it."""
    made = inputs(PROCFILE)
    made.cache.write_bytes(content)

    assert run(made) == ExitCode.OK


def test_config_vars_reach_buildpacks_as_files_only(own_buildpack, inputs, capfd):
    """ENV_DIR has one file a config var, exact; the environment has none of them."""
    own_buildpack("python", detect="exit 1")
    own_buildpack("procfile", detect=DETECTS, compile_='cat "$3/SECRET"; ls "$3"; env')
    made = inputs(PROCFILE, config={"SECRET": "a\nb$c", "../evil": "x", "SECOND": ""}, build_env={"UV_INDEX": "y"})

    assert run(made) == ExitCode.OK

    printed = capfd.readouterr().out
    assert "a\nb$cSECOND\nSECRET\n" in printed
    assert "SECRET=" not in printed
    assert "UV_INDEX=y" in printed
    assert "STACK=heroku-24" in printed


def test_several_buildpacks_share_what_they_export(own_buildpack, inputs, capfd):
    """The second sees the first one's export; the last one's default process types count."""
    own_buildpack(
        "python",
        detect="echo Python",
        export="export FROM_FIRST='a b'\n",
        release='echo \'default_process_types: {"x": "first"}\'',
    )
    defaults = "printf 'default_process_types:\\n  web: mine\\n  extra: more\\n'"
    own_buildpack("procfile", detect="echo Last", compile_='echo "has <$FROM_FIRST>"', release=defaults)

    made = inputs(PROCFILE, buildpacks=("heroku/python", "procfile"))
    assert run(made) == ExitCode.OK

    assert "has <a b>" in capfd.readouterr().out
    assert result(made)["process_types"] == {"web": "./serve", "extra": "more"}
    assert result(made)["buildpack_provided_description"] == "Last"


def test_buildpacks_can_be_listed_in_the_source(plain, inputs, capfd):
    """`.buildpacks` is what herokuish and Dokku read."""
    assert run(inputs({**PROCFILE, ".buildpacks": "# ours\nprocfile\n"})) == ExitCode.OK
    assert "-----> Using buildpack: procfile\n" in capfd.readouterr().out


def test_or_named_by_a_config_var(plain, inputs, capfd):
    """BUILDPACK_URL is the oldest way."""
    assert run(inputs(PROCFILE, config={"BUILDPACK_URL": "heroku/procfile"})) == ExitCode.OK
    assert "-----> Using buildpack: heroku/procfile\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("files", "changed", "code", "said"),
    [
        ({".slugignore": "x"}, {}, ExitCode.SOURCE_EMPTY, "The source is empty"),
        ({"a": ""}, {}, ExitCode.NO_PROCESSES, "This app has no Procfile, so nothing would run: add a file"),
        ({"procfile": "web: x"}, {}, ExitCode.NO_PROCESSES, "but a file procfile: rename it to Procfile."),
        ({"Procfile": "# none"}, {}, ExitCode.NO_PROCESSES, "The Procfile declares no process"),
        ({"Procfile": "nonsense"}, {}, ExitCode.PROCFILE_WRONG, "Line 1 of the Procfile is wrong"),
        (PROCFILE, {"buildpacks": ("ruby",)}, ExitCode.BUILDPACK_UNKNOWN, "There is no buildpack ruby"),
        (PROCFILE, {"buildpacks": ("python",)}, ExitCode.NOT_COMPATIBLE, "The python buildpack does not fit"),
        (PROCFILE, {"buildpacks": ("http://x.com/a",)}, ExitCode.BUILDPACK_UNREACHABLE, "only https is fetched"),
        (PROCFILE, {"buildpacks": ("https://x.com/a#-u",)}, ExitCode.BUILDPACK_UNKNOWN, "not the name of a branch"),
        (PROCFILE, {"slug_max_bytes": 10}, ExitCode.SLUG_TOO_LARGE, "The compiled slug has 1K, more than the 0 MB"),
        ({"big": "x" * 5000}, {"disk_bytes": 4096}, ExitCode.SOURCE_TOO_LARGE, "list what the app does not need"),
    ],
)
@pytest.mark.usefixtures("plain")
def test_what_is_wrong_is_said_in_one_sentence(inputs, capfd, files, changed, code, said):  # noqa: PLR0917 (a table)
    """And the platform gets it too; no slug is left."""
    made = inputs(files, **changed)

    assert run(made) == code

    assert f" !     {result(made)['failure_message']}\n" in capfd.readouterr().out
    assert said in result(made)["failure_message"]
    assert not (made.out / "slug.tgz").exists()


def test_nothing_detected(own_buildpack, inputs):
    """The message says what was looked for."""
    own_buildpack("python", detect="exit 1")
    own_buildpack("procfile", detect="exit 1")
    made = inputs({"index.html": ""})

    assert run(made) == ExitCode.NOTHING_DETECTED
    assert "No buildpack fits this app" in result(made)["failure_message"]


@pytest.mark.parametrize(
    ("programs", "code"),
    [
        ({"compile_": "exit 3"}, ExitCode.COMPILE_FAILED),
        ({"compile_": "kill -9 $$"}, ExitCode.COMPILE_FAILED),
        ({"release": "exit 1"}, ExitCode.RELEASE_FAILED),
        ({"export": "exit 9"}, ExitCode.EXPORT_FAILED),
    ],
)
def test_a_buildpack_that_fails_fails_the_build(own_buildpack, inputs, programs, code):
    """Each phase has its exit status."""
    own_buildpack("python", detect="exit 1")
    own_buildpack("procfile", detect=DETECTS, **programs)

    assert run(inputs(PROCFILE)) == code


def test_a_build_has_only_so_much_time(own_buildpack, inputs):
    """It is stopped, and says so."""
    own_buildpack("python", detect="exit 1")
    own_buildpack("procfile", detect=DETECTS, compile_="sleep 600")
    made = inputs(PROCFILE, timeout_s=1)

    assert run(made) == ExitCode.OUT_OF_TIME
    assert "took longer than its 1 seconds and was stopped: see above what" in result(made)["failure_message"]


def test_a_link_in_an_environment_that_is_left_out_does_no_harm(plain, inputs, write_tar, member):
    """A .venv of the user's machine has links to its Python."""
    made = inputs({})
    write_tar(
        {**PROCFILE, ".venv/pyvenv.cfg": ""}, member(".venv/bin/python", tarfile.SYMTYPE, linkname="/usr/bin/python3")
    )

    assert run(made) == ExitCode.OK
    with slug(made) as tar:
        assert "./app/.venv" not in tar.getnames()
