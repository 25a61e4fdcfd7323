"""Buildpacks of others: from git and from tarballs, over https, in the order in which they are named."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from buildpacks.slugc.exit_codes import ExitCode
from buildpacks.slugc.main import run

PROCFILE = {"Procfile": "web: ./serve\n", "serve!": "#!/bin/sh\n"}
BUILDPACK = {
    "bin/detect!": "#!/bin/sh\necho Foreign\n",
    "bin/compile!": "#!/bin/sh\necho trunk; cat lib/more 2>/dev/null || true\n",
}


@pytest.fixture
def build(web, inputs, own_buildpack):
    """Runs a build with these buildpacks."""
    own_buildpack("python", detect="exit 1")
    own_buildpack("procfile", detect="echo Procfile", compile_='echo "has <$FROM_FIRST>"; ls "$1"')

    def run_it(*buildpacks, **changed):
        settings = {"private_fetch": True, "build_env": {"GIT_SSL_CAINFO": str(web.certificate)}, **changed}
        made = inputs(PROCFILE, buildpacks=buildpacks, **settings)
        return made, run(made)

    return run_it


def said(made):
    return json.loads((made.out / "result.json").read_text())["failure_message"]


def test_a_git_repository(web, build, capfd):
    """Its default branch, when nothing else is asked for; nothing of git is left in the buildpack."""
    url = web.repository("plain", BUILDPACK)

    made, status = build(url)

    assert status == ExitCode.OK
    assert "-----> Foreign app detected\ntrunk\n" in capfd.readouterr().out
    assert not list(made.scratch.glob("buildpack-0/.git"))


@pytest.mark.parametrize("kind", ["branch", "commit", "short commit"])
def test_a_branch_or_commit_of_it(web, build, capfd, kind):
    """What stands after the #."""
    name = kind.replace(" ", "-")
    url = web.repository(name, BUILDPACK)
    commit = web.commit(name, "bin/compile", "#!/bin/sh\necho newer\n", branch="next")

    _, status = build(f"{url}#{ {'branch': 'next', 'commit': commit, 'short commit': commit[:8]}[kind] }")

    assert status == ExitCode.OK
    assert "newer\n" in capfd.readouterr().out


def test_a_branch_that_is_not_there(web, build):
    """The sentence names it."""
    made, status = build(web.repository("branchless", BUILDPACK) + "#nowhere")

    assert status == ExitCode.BUILDPACK_UNREACHABLE
    assert "has no branch, tag or commit nowhere: check what is after the #." in said(made)


def test_a_repository_that_is_not_there(web, build):
    """The sentence names what the user named."""
    made, status = build(f"{web.url}/none.git")

    assert status == ExitCode.BUILDPACK_UNREACHABLE
    assert f"{web.url}/none.git answers 404: check that it exists and is public." in said(made)


def test_submodules_come_along(web, build, capfd):
    """At the commit that the buildpack names, by a URL that may be relative."""
    web.repository("inner", {"more": "from the submodule\n"})
    url = web.repository("outer", BUILDPACK, submodules={"lib": "../inner.git"})

    _, status = build(url)

    assert status == ExitCode.OK
    assert "trunk\nfrom the submodule\n" in capfd.readouterr().out


def test_redirects_of_a_git_server_are_followed_and_checked(web, build):
    """A renamed repository is found; one that leads to plain http is refused."""
    web.repository("renamed", BUILDPACK)
    web.redirects |= {"/old": web.url, "/bad": "http://localhost"}

    _, found = build(f"{web.url}/old/renamed.git")
    made, refused = build(f"{web.url}/bad/renamed.git")

    assert (found, refused) == (ExitCode.OK, ExitCode.BUILDPACK_UNREACHABLE)
    assert "is not an https URL: only https is fetched." in said(made)


def test_a_tarball(web, build, capfd):
    """With a folder around it, or with nothing but bin."""
    for name, prefix in (("around.tgz", "top/"), ("plain.tar.gz", "")):
        with tarfile.open(web.folder / name, "w:gz") as tar:
            for path, text in BUILDPACK.items():
                member = tarfile.TarInfo(prefix + path.removesuffix("!"))
                member.size, member.mode = len(text), 0o755
                tar.addfile(member, io.BytesIO(text.encode()))

    _, status = build(f"{web.url}/around.tgz", f"{web.url}/plain.tar.gz?signed=1")

    assert status == ExitCode.OK
    assert capfd.readouterr().out.count("-----> Foreign app detected\ntrunk\n") == 2


def test_several_in_their_order(web, build, capfd):
    """Each is asked when its turn comes, and sees what the one before it made and exported."""
    maker = {
        "bin/detect!": "#!/bin/sh\necho Maker\n",
        "bin/compile!": "#!/bin/sh\necho 'export FROM_FIRST=first' > $(dirname $0)/../export; touch $1/made\n",
        "bin/report!": "#!/bin/sh\necho 'version: 1.2'\n",
    }
    taker = {"bin/detect!": "#!/bin/sh\ntest -f $1/made && echo Taker\n", "bin/compile!": "#!/bin/sh\ntrue\n"}

    made, status = build(web.repository("maker", maker), web.repository("taker", taker), "heroku/procfile")

    assert status == ExitCode.OK
    assert "has <first>\n" in capfd.readouterr().out
    assert json.loads((made.out / "result.json").read_text())["reports"] == {f"{web.url}/maker.git": "version: 1.2\n"}


@pytest.mark.parametrize(
    ("files", "code", "sentence"),
    [
        ({"README": "x"}, ExitCode.BUILDPACK_UNKNOWN, "is no buildpack: it has no bin/compile."),
        ({**BUILDPACK, "bin/detect!": "#!/bin/sh\nexit 1\n"}, ExitCode.NOT_COMPATIBLE, "does not fit this app"),
        ({**BUILDPACK, "bin/detect!": "#!/nowhere\n"}, ExitCode.BUILDPACK_UNKNOWN, "bin/detect of the"),
        ({**BUILDPACK, "bin/compile!": "#!/bin/sh\nexit 7\n"}, ExitCode.COMPILE_FAILED, "failed with status 7"),
    ],
)
def test_what_is_wrong_with_it_is_said(web, build, files, code, sentence):
    """One sentence."""
    made, status = build(web.repository(f"wrong-{code}-{len(str(files))}", files))

    assert status == code
    assert sentence in said(made)


def test_an_address_inside_is_asked_for_nothing(web, build):
    """Neither by git nor for a tarball, unless the platform allows it."""
    for path in ("/inside.git", "/inside.tgz"):
        made, status = build(web.url + path, private_fetch=False)

        assert status == ExitCode.BUILDPACK_UNREACHABLE
        assert "is an address inside this network" in said(made)
    assert web.asked == []


def test_a_stranger_s_certificate_is_refused(web, build, monkeypatch):
    """Https means that the host is who it says."""
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")

    made, status = build(f"{web.url}/any.git")

    assert status == ExitCode.BUILDPACK_UNREACHABLE
    assert "certificate" in said(made)
