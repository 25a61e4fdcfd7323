"""The Go buildpack in the real build root, and what it makes in a real dyno."""

from __future__ import annotations

import pytest

MODULE = "module example.com/small\n\ngo 1.26\n"
PROGRAM = 'package main\n\nvar version = "unset"\n\nfunc main() { println("small", version) }\n'
SMALL = {"go.mod": MODULE, "main.go": PROGRAM}
MANY = {
    "go.mod": "module example.com/many\n\ngo 1.26\n",
    "cmd/one/main.go": PROGRAM,
    "cmd/two/main.go": "package main\n\nfunc main() {}\n",
    "tools/three/main.go": "package main\n\nfunc main() {}\n",
}
NEEDS_MODULE = 'package main\n\nimport "example.com/other"\n\nfunc main() { other.Do() }\n'


@pytest.fixture(scope="session")
def first(sandbox_in, tmp_path_factory):
    """A first build, whose cache the others get: it has the toolchain."""
    built = sandbox_in(tmp_path_factory.mktemp("go") / "first")
    return built, built.build(SMALL, config={"GO_LINKER_SYMBOL": "main.version", "GO_LINKER_VALUE": "1.2"})


def test_the_only_program_is_web(first, make_sandbox):
    """A go line means its newest release; the program lies in bin/, which is on PATH."""
    built, ended = first
    assert ended.status == 0, ended.output
    assert "-----> Using Go 1.26." in ended.output
    assert ", specified by the go line of go.mod\n" in ended.output
    assert "-----> Built into bin/: small\n" in ended.output
    assert built.result["process_types"] == {"web": "bin/small"}
    assert not [name for name in built.slug_names() if "toolchain" in name]

    dyno = make_sandbox("dyno")
    dyno.take_slug_of(built)
    ended = dyno.boot("small; printenv GOMEMLIMIT", NOMAPAAS_MEMORY_MB="1000")
    assert ended.output == "small 1.2\n900MiB\n"


def test_the_next_build_fetches_and_compiles_little(again):
    """Toolchain, modules and compiled packages are kept; programs of cmd/ are built, those of other folders are not."""
    built, ended = again(MANY)

    assert ended.status == 31, ended.output
    assert "Installing Go" not in ended.output
    assert "-----> Built into bin/: one two\n" in ended.output
    assert "a file named Procfile has to say which one listens" in " ".join(ended.output.split())
    assert not (built.task / "alloc/out/slug.tgz").exists()


def test_the_packages_to_build_can_be_named(again):
    """As on Heroku, in go.mod or as a config var."""
    built, ended = again(
        {**MANY, "Procfile": "worker: three\n"}, config={"GO_INSTALL_PACKAGE_SPEC": "./tools/three ./cmd/one"}
    )

    assert ended.status == 0, ended.output
    names = built.slug_names()
    assert {"./app/bin/one", "./app/bin/three"} <= set(names)
    assert "./app/bin/two" not in names


def test_a_workspace_and_cgo(again):
    """go.work names modules; C is compiled with the stack's gcc."""
    files = {
        "go.work": "go 1.26\n\nuse ./server\n",
        "server/go.mod": "module example.com/server\n\ngo 1.26\n",
        "server/main.go": "package main\n\n/*\nstatic int answer(void) { return 42; }\n*/\n"
        'import "C"\n\nfunc main() { println(C.answer()) }\n',
    }

    built, ended = again(files)

    assert ended.status == 0, ended.output
    assert built.result["process_types"] == {"web": "bin/server"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"go.mod": MODULE, "lib.go": "package lib\n"}, "Error: No program was found"),
        ({"go.mod": MODULE, "main.go": NEEDS_MODULE}, "    go mod tidy"),
        ({"go.mod": MODULE, "main.go": "package main\n\nfunc main() { oops }\n"}, "undefined: oops"),
        ({"go.mod": MODULE.replace("1.26", "1.26.999"), "main.go": PROGRAM}, "is too old for the app"),
        (
            {
                **SMALL,
                "go.mod": f"{MODULE}\nrequire example.com/other v1.0.0\n",
                "vendor/modules.txt": "# example.com/none v1.0.0\n## explicit\n",
            },
            "    go mod vendor",
        ),
    ],
)
def test_what_does_not_build_is_explained(again, files, said):
    """What the go command says, and then how to mend it."""
    _, ended = again(files)

    assert said in ended.output
    assert ended.status == 50


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"main.go": PROGRAM}, "    go mod init example.com/my-app"),
        ({"Gopkg.lock": ""}, "Error: Gopkg.lock is not supported"),
        (
            {**SMALL, "go.mod": "module x\n\ngo 1.26\n\ntoolchain go9\n"},
            "The toolchain line of go.mod does not name a Go",
        ),
        ({**SMALL, "go.mod": "module x\n\ngo 1.999\n"}, "Error: There is no Go 1.999 to be had."),
        ({**SMALL, "go.mod": "module x\n\ngo 1.26\n\ntoolchain go1.26.999\n"}, "Error: There is no Go 1.26.999 to be"),
        ({**SMALL, "go.mod": "// +heroku goVersion newest\nmodule x\n"}, "It says: newest"),
    ],
)
def test_what_is_wrong_is_explained(sandbox, files, said):
    """Before anything is fetched: what is missing, and how to make it."""
    ended = sandbox.build(files)

    assert said in ended.output
    assert ended.status == 50
