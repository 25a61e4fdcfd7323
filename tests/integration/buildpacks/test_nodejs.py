"""The Node.js buildpack in the real build root, and what it makes in a real dyno."""

from __future__ import annotations

import json

import pytest

PACKAGE = {
    "name": "app",
    "version": "1.0.0",
    "license": "MIT",
    "scripts": {"start": "node server.js", "build": "semver 1.2.3 > built.txt && echo $FROM_CONFIG >> built.txt"},
    "dependencies": {"ms": "2.1.3"},
    "devDependencies": {"semver": "7.7.2"},
}
LOCK = {
    "name": "app",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "packages": {
        "": {key: PACKAGE[key] for key in ("name", "version", "dependencies", "devDependencies")},
        "node_modules/ms": {"version": "2.1.3"},
        "node_modules/semver": {"version": "7.7.2", "dev": True, "bin": {"semver": "bin/semver.js"}},
    },
}
SERVER = "console.log(require('ms')('2m'), process.env.NODE_ENV, process.env.WEB_CONCURRENCY)\n"
YARN_LOCK = """\
# yarn lockfile v1


ms@2.1.3:
  version "2.1.3"

semver@7.7.2:
  version "7.7.2"
"""
MS = "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="
SEMVER = "sha512-RF0Fw+rO5AMf9MAyaRXI4AV0Ulj5lMHqVxxdSgiVbixSCXoEmmX/jk0CuJw4+3SqroYO9VoUh+HcuJivvtJemA=="
PNPM_LOCK = f"""\
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .:
    dependencies:
      ms:
        specifier: 2.1.3
        version: 2.1.3
    devDependencies:
      semver:
        specifier: 7.7.2
        version: 7.7.2

packages:

  ms@2.1.3:
    resolution: {{integrity: {MS}}}

  semver@7.7.2:
    resolution: {{integrity: {SEMVER}}}
    engines: {{node: '>=10'}}
    hasBin: true

snapshots:

  ms@2.1.3: {{}}

  semver@7.7.2: {{}}
"""


def app(*, package=None, **files):
    """A source; `package` changes what is in its package.json."""
    return {"package.json": json.dumps(PACKAGE | (package or {})), "server.js": SERVER, **files}


LOCKED = app(**{"package-lock.json": json.dumps(LOCK)})


@pytest.fixture(scope="module")
def built(sandbox_in, tmp_path_factory):
    """A first build, whose cache spares the others fetching Node.js; and what it said."""
    sandbox = sandbox_in(tmp_path_factory.mktemp("nodejs") / "task")
    return sandbox, sandbox.build(LOCKED, config={"FROM_CONFIG": "a$b"})


@pytest.fixture
def rebuild(make_sandbox, built):
    """The next build of the app."""

    def run(files, name="next", **how):
        following = make_sandbox(name)
        following.take_cache_of(built[0])
        return following, following.build(files, **{"config": {"FROM_CONFIG": "a$b"}, **how})

    return run


@pytest.fixture
def boot(make_sandbox):
    """A dyno of what was built."""

    def run(sandbox, command, **how):
        dyno = make_sandbox("dyno")
        dyno.take_slug_of(sandbox)
        return dyno.boot(command, **how)

    return run


def test_an_app(built, boot):
    """Node.js and npm from the registry, packages from the lock file, the build script with all packages and config."""
    sandbox, ended = built

    assert ended.status == 0, ended.output
    assert "-----> No Node.js version was specified: using the default, 24.x\n" in ended.output
    assert "-----> Installing Node.js 24." in ended.output
    assert "-----> Installing packages from package-lock.json with npm\n" in ended.output
    assert "-----> Running the script build: semver" in ended.output
    assert "-----> Removing devDependencies\n" in ended.output
    assert sandbox.result["process_types"] == {"web": "npm start"}
    ended = boot(sandbox, "npm start; cat built.txt; ls node_modules; echo $NODE_HOME", NOMAPAAS_MEMORY_MB="1024")
    assert ended.output.splitlines()[-5:] == ["120000 production 2", "1.2.3", "a$b", "ms", "/app/.heroku/node"]


def test_only_what_changed_is_installed(rebuild):
    """Code alone costs no install, and devDependencies stay out of the slug all the same."""
    following, ended = rebuild({**LOCKED, "server.js": "console.log('new')\n"})
    assert "-----> Using Node.js 24." in ended.output
    assert "-----> Using the packages of the last build: nothing about them changed\n" in ended.output
    assert "./app/node_modules/ms/index.js" in following.slug_names()
    assert "./app/node_modules/semver/package.json" not in following.slug_names()


@pytest.mark.parametrize(
    ("package", "files", "manager", "environment"),
    [
        ({}, {"yarn.lock": YARN_LOCK, ".nvmrc": "lts/krypton # ours\n"}, "yarn 1.22.", "staging"),
        ({"packageManager": "pnpm@10.12.1+sha512.00"}, {"pnpm-lock.yaml": PNPM_LOCK}, "pnpm 10.12.1", "production"),
    ],
)
def test_other_package_managers(rebuild, boot, package, files, manager, environment):  # noqa: PLR0917 (a table)
    """The one of the lock file, in the version that packageManager says; devDependencies go in production only."""
    sandbox, ended = rebuild(app(package=package, **files), config={"FROM_CONFIG": "", "NODE_ENV": environment})

    assert ended.status == 0, ended.output
    assert f"-----> Using {manager}" in ended.output
    assert ("-----> Using Node.js 24, specified in .nvmrc" in ended.output) == (".nvmrc" in files)
    name = manager.split()[0]
    assert sandbox.result["process_types"] == {"web": f"{name} start"}
    ended = boot(sandbox, f"{name} --silent start; ls node_modules", config={"NODE_ENV": environment})
    assert ended.output == f"120000 {environment} 1\nms\n" + ("semver\n" if environment == "staging" else "")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"package.json": "{"}, "Error: package.json is not valid JSON."),
        ({"package.json": "[]"}, "It holds something else than an object."),
        (app(**{"yarn.lock": "", "package-lock.json": "{}"}), "Found: package-lock.json, yarn.lock."),
        (app(**{"bun.lock": ""}), "Error: Bun is not supported."),
        (app(**{".heroku/node/x": ""}), "Error: The source has a '.heroku/node' folder."),
        (app(package={"packageManager": "cargo@1"}), "'cargo@1' is not a package manager that is known here"),
        (app(package={"packageManager": "pnpm@9.0.0"}, **{"yarn.lock": ""}), "but the lock\n !     file is yarn.lock"),
        (app(package={"engines": {"node": "file:../x"}}), "'file:../x' is not a version of Node.js."),
        (app(package={"engines": {"node": "99"}}), "Error: There is no Node.js 99."),
        (app(**{".nvmrc": "v20.99.0"}), "Error: There is no Node.js 20.99.0."),
        (app(package={"engines": {"npm": "99.x"}}), "Error: There is no npm 99.x."),
    ],
)
def test_what_is_wrong_is_explained(sandbox, files, said):
    """The build fails with prose that says what to do."""
    ended = sandbox.build(files)

    assert said in ended.output
    assert ended.status == 50
    assert not (sandbox.task / "alloc/out/slug.tgz").exists()


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ({"dependencies": {"ms": "2.0.0"}}, "Error: package-lock.json does not go with package.json."),
        ({"scripts": {"build": "exit 3"}}, 'Error: The script "build" of package.json failed.'),
    ],
)
def test_what_is_wrong_later_is_explained(rebuild, package, said):
    """The same for what only the package manager can find."""
    _, ended = rebuild({**LOCKED, "package.json": json.dumps(PACKAGE | package)})

    assert said in ended.output
    assert ended.status == 50
