"""The Python buildpack in the real build root, and what it makes in a real dyno."""

from __future__ import annotations

import pytest

PROCFILE = {"Procfile": "web: python app.py\n", "app.py": "print('up')\n"}
SMALL = {**PROCFILE, "requirements.txt": "itsdangerous==2.2.0\n"}


def rebuild(make_sandbox, built, name, files, **how):
    """The next build of the same app: it gets the cache of the one before."""
    following = make_sandbox(name)
    following.take_cache_of(built)
    return following, following.build(files, **how)


def boot(make_sandbox, built, name, command, **how):
    """A dyno of what was built."""
    dyno = make_sandbox(name)
    dyno.take_slug_of(built)
    return dyno.boot(command, **how)


def test_an_app_and_its_redeploys(make_sandbox):
    """Installs, runs, installs nothing again when only code changed, and follows a changed requirements.txt."""
    first = make_sandbox("first")
    ended = first.build(SMALL)
    assert ended.status == 0, ended.output
    assert "-----> No Python version was specified: using the default, Python 3.13\n" in ended.output
    assert "       Procfile declares types -> web\n" in ended.output
    assert first.result["process_types"] == {"web": "python app.py"}

    second, ended = rebuild(make_sandbox, first, "second", {**SMALL, "app.py": "print('new')\n"})
    assert "-----> Using the packages of the last build: nothing about them changed\n" in ended.output
    program = "import itsdangerous, sys; print(sys.prefix, sys.version[:4])"
    command = f"python app.py; python -c '{program}'; printenv WEB_CONCURRENCY"
    ended = boot(make_sandbox, second, "dyno", command, NOMAPAAS_MEMORY_MB="512")
    assert ended.output == "new\n/app/.heroku/python 3.13\n2\n"

    third, ended = rebuild(make_sandbox, second, "third", {**PROCFILE, "requirements.txt": "click==8.1.8\n"})
    assert " - itsdangerous==2.2.0" in ended.output
    assert " + click==8.1.8" in ended.output

    _, ended = rebuild(make_sandbox, third, "fourth", {**SMALL, ".python-version": "3.11\n"})
    assert "-----> Using Python 3.11, specified in .python-version\n" in ended.output
    assert "The last build had another Python" in ended.output


def test_python_3_11_by_runtime_txt(make_sandbox):
    """Deprecated, but read; a patch release that is not here is replaced by the one that is, with a warning."""
    built = make_sandbox("built")
    ended = built.build({**SMALL, "runtime.txt": "python-3.11.0\r\n"})

    assert ended.status == 0, ended.output
    assert "Warning: runtime.txt is deprecated." in ended.output
    assert "Warning: Python 3.11.0 is not here" in ended.output
    ended = boot(make_sandbox, built, "dyno", "python --version; python -c 'import itsdangerous, ssl, sqlite3'")
    assert ended.output.startswith("Python 3.11.")
    assert ended.status == 0


def test_uv(make_sandbox):
    """A uv project; `requires-python` chooses the Python when nothing else does."""
    project = (
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11,<3.12"\ndependencies = ["itsdangerous"]\n'
        '[dependency-groups]\ndev = ["iniconfig"]\n'
    )
    files = {**PROCFILE, "pyproject.toml": project, "bin/pre_compile": "#!/bin/sh\nuv lock\n"}
    built = make_sandbox("built")

    ended = built.build(files)

    assert ended.status == 0, ended.output
    assert "-----> Using Python 3.11, specified in requires-python of pyproject.toml\n" in ended.output
    ended = boot(make_sandbox, built, "dyno", "python -c 'import itsdangerous; print(1)'; python -c 'import iniconfig'")
    assert ended.output.startswith("1\n")
    assert "No module named 'iniconfig'" in ended.output


POETRY_PROJECT = """\
[tool.poetry]
name = "mine"
version = "1"
description = ""
authors = []
packages = [{include = "mine", from = "src"}]
[tool.poetry.dependencies]
python = ">=3.11"
itsdangerous = "*"
[tool.poetry.group.dev.dependencies]
iniconfig = "*"
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""

POETRY_LOCK = """\
[[package]]
name = "itsdangerous"
version = "2.2.0"
description = ""
optional = false
python-versions = ">=3.8"
groups = ["main"]
files = [
    {file = "itsdangerous-2.2.0-py3-none-any.whl", \
hash = "sha256:c6242fc49e35958c8b15141343aa660db5fc54d4f13a1db01a3f5891b98700ef"},
]

[[package]]
name = "iniconfig"
version = "2.0.0"
description = ""
optional = false
python-versions = ">=3.7"
groups = ["dev"]
files = []

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "35a9d0b2effdbdcd84b36eb7e0ddc0bfbabec9e820b2ed3071b4566eebe2c264"
"""


def test_poetry_and_the_app_as_a_package(make_sandbox):
    """poetry.lock is installed by uv; the app itself too when it is a package, and it is found where dynos have it."""
    files = {
        **PROCFILE,
        "pyproject.toml": POETRY_PROJECT,
        "poetry.lock": POETRY_LOCK,
        "src/mine/__init__.py": "where = 'src'\n",
    }
    built = make_sandbox("built")
    ended = built.build(files)
    assert ended.status == 0, ended.output
    assert " + itsdangerous==2.2.0" in ended.output
    assert "iniconfig" not in ended.output

    built, ended = rebuild(make_sandbox, built, "again", files)
    assert ended.status == 0, ended.output
    ended = boot(make_sandbox, built, "dyno", "cd /tmp; python -c 'import itsdangerous, mine; print(mine.__file__)'")
    assert ended.output == "/app/src/mine/__init__.py\n"


PIPFILE = """\
[requires]
python_version = "3.11"

[packages]
itsdangerous = "*"
"""

PIPFILE_LOCK = """\
{
    "_meta": {
        "hash": {"sha256": "88707a27a140bd529d0e5172d1366e26aa1151408ad11ad9bbaa39cd0d8ab84c"},
        "pipfile-spec": 6,
        "requires": {"python_version": "3.11"},
        "sources": []
    },
    "default": {
        "itsdangerous": {
            "hashes": ["sha256:c6242fc49e35958c8b15141343aa660db5fc54d4f13a1db01a3f5891b98700ef"],
            "index": "pypi",
            "version": "==2.2.0"
        }
    },
    "develop": {"iniconfig": {"hashes": [], "version": "==2.3.1"}}
}
"""


def test_pipenv(make_sandbox):
    """Pipfile.lock is installed by uv, without its develop packages; it says which Python."""
    built = make_sandbox("built")

    ended = built.build({**PROCFILE, "Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK})

    assert ended.status == 0, ended.output
    assert "-----> Using Python 3.11, specified in Pipfile.lock\n" in ended.output
    assert " + itsdangerous==2.2.0" in ended.output
    assert "iniconfig" not in ended.output

    _, ended = rebuild(make_sandbox, built, "again", {**PROCFILE, "Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK})
    assert "-----> Using the packages of the last build: nothing about them changed\n" in ended.output


def test_django_collects_static_files(make_sandbox):
    """With the config vars as environment; DISABLE_COLLECTSTATIC leaves it out."""
    files = {
        "Procfile": "web: x\n",
        "requirements.txt": "django>=5.2,<5.3\n",
        "manage.py": "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'site_settings'\n"
        "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
        "site_settings.py": "import os\nSECRET_KEY = os.environ['SECRET_KEY']\n"
        "STATIC_URL = '/s/'\nSTATIC_ROOT = 'collected'\n"
        "STATICFILES_DIRS = ['assets']\nINSTALLED_APPS = ['django.contrib.staticfiles']\n",
        "assets/a.css": "a{}",
    }
    built = make_sandbox("built")
    ended = built.build(files, config={"SECRET_KEY": "a$b\nc"})
    assert ended.status == 0, ended.output
    assert "-----> $ python manage.py collectstatic --noinput\n" in ended.output
    assert "./app/collected/a.css" in built.slug_names()

    _, ended = rebuild(make_sandbox, built, "without", files)
    assert ended.status == 50
    assert "nomapaas config:set DISABLE_COLLECTSTATIC=1" in ended.output

    _, ended = rebuild(make_sandbox, built, "disabled", files, config={"DISABLE_COLLECTSTATIC": "1"})
    assert ended.status == 0
    assert "Skipping Django's collectstatic" in ended.output


def test_hooks_run_with_the_config(make_sandbox):
    """bin/pre_compile and bin/post_compile see config vars, but cannot be led astray by them."""
    files = {
        **SMALL,
        "bin/pre_compile": '#!/bin/bash\necho "pre $NAME $HOME"\n',
        "bin/post_compile": "#!/bin/bash\npython -c 'import itsdangerous' && echo post > made\n",
    }
    built = make_sandbox("built")

    config = {"NAME": "x y", "HOME": "/nowhere", "PATH": "/nowhere", "LD_PRELOAD": "/nowhere.so"}
    ended = built.build(files, config=config)

    assert ended.status == 0, ended.output
    assert "       pre x y /app\n" in ended.output
    assert "./app/made" in built.slug_names()


def test_requirements_written_by_powershell(make_sandbox):
    """UTF-16 with a byte order mark is read as what it means."""
    built = make_sandbox("built")
    hook = "#!/bin/sh\nprintf 'itsdangerous==2.2.0\\r\\n' | iconv -t UTF-16 > requirements.txt\n"

    ended = built.build({**SMALL, "bin/pre_compile": hook})

    assert ended.status == 0, ended.output
    assert " + itsdangerous==2.2.0" in ended.output


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"app.py": ""}, "Error: No file says what to install."),
        ({"requirement.txt": ""}, "Error: There is a file 'requirement.txt', but no 'requirements.txt'."),
        ({"Requirements.txt": ""}, "Error: There is a file 'Requirements.txt', but no 'requirements.txt'."),
        ({"requirements.txt": "", "uv.lock": ""}, "Found: requirements.txt, uv.lock."),
        ({"poetry.lock": "", "uv.lock": ""}, "Error: More than one file says what to install."),
        ({"Pipfile": ""}, "Error: There is a Pipfile, but no Pipfile.lock."),
        ({"Pipfile.lock": "<<<<<<< HEAD\n{}"}, "Error: Pipfile.lock is not what pipenv writes."),
        ({"Pipfile": PIPFILE + 'click = "*"\n', "Pipfile.lock": PIPFILE_LOCK}, "Error: Pipfile.lock does not fit the"),
        ({"pyproject.toml": "[project]\n"}, "Run 'uv lock' (or 'poetry lock') and push again."),
        ({"pyproject.toml": "[tool.poetry]\n"}, "Run 'poetry lock' and push again."),
        ({"setup.py": ""}, "    --editable ."),
        ({"requirements.txt": "", ".python-version": "3.14\n"}, "This stack has: Python 3.13, 3.11."),
        ({"requirements.txt": "", ".python-version": "2.7.18"}, "Error: There is no Python 2.7.18 here."),
        ({"requirements.txt": "", ".python-version": "3.13\n3.11\n"}, "It has 2 line(s), the first is: 3.13"),
        ({"requirements.txt": "", ".python-version": "# none\n"}, "It has 0 line(s)"),
        ({"requirements.txt": "", ".python-version": "latest"}, "does not name one Python version"),
        ({"requirements.txt": "", "runtime.txt": "3.13"}, "Error: runtime.txt does not name a Python version."),
        ({"requirements.txt": "", ".heroku/python/x": ""}, "Error: The source has a '.heroku/python' folder."),
        (
            {"requirements.txt": "", "bin/pre_compile": "#!/bin/sh\nexit 4\n"},
            "Error: The app's bin/pre_compile failed.",
        ),
        ({"requirements.txt": "no-such-package-at-all==1\n"}, "Error: The app's packages could not be installed."),
    ],
)
def test_what_is_wrong_is_explained(sandbox, files, said):
    """The build fails with prose that says what to do."""
    ended = sandbox.build({"Procfile": "web: x\n", **files})

    assert said in ended.output
    assert ended.status == 50
    assert not (sandbox.task / "alloc/out/slug.tgz").exists()


def test_a_build_has_no_privilege_either(sandbox):
    """The same user, limits and denied calls as a dyno; config vars are files, not environment."""
    hook = (
        "#!/bin/bash\nid -u\ngrep -E 'CapPrm|NoNewPrivs|Seccomp:' /proc/self/status\n"
        "touch /usr/x\nunshare -U true\nexit 1\n"
    )

    ended = sandbox.build({**SMALL, "bin/pre_compile": hook}, config={"A": "1"})

    assert "       CapPrm:\t0000000000000000\n       NoNewPrivs:\t1\n       Seccomp:\t2\n" in ended.output
    assert "touch: cannot touch '/usr/x': Read-only file system" in ended.output
    assert "Operation not permitted" in ended.output
