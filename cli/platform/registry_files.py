"""Registry settings that the host's user keeps in files of Go and Maven, rather than in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

_GO_NAMES = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE")

_MAVEN_KEPT = ("mirrors", "proxies", "servers", "profiles", "activeProfiles")
"""What of Maven's settings says how repositories are reached; the rest is about this machine."""

_OF_ALL = frozenset({"*", "central", "external:*"})


def go_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """What `go env -w` has written for this user, as far as it concerns registries."""
    home = environ.get("HOME")
    named = environ.get("GOENV") or (home and f"{environ.get('XDG_CONFIG_HOME') or f'{home}/.config'}/go/env")
    lines = _text(Path(named)).splitlines() if named else []
    pairs = (line.strip().partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name: value for name, _, value in pairs if name in _GO_NAMES and value}


def maven_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The mirrors, proxies and profiles of `~/.m2/settings.xml`, under names that builds understand.

    With the passwords of what they read from, and of nothing else: one that publishes is not for builds to see.

    `NOMAPAAS_MAVEN_SETTINGS` is such a file's text, read by our Java buildpack; `MVNW_REPOURL` is the mirror of the
    central repository, read by every Maven wrapper.
    """
    try:
        root = ET.fromstring(_text(Path(environ["HOME"], ".m2/settings.xml")))  # noqa: S314 (root's own file)
    except (KeyError, ET.ParseError):
        return {}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for section in list(root):
        if section.tag not in _MAVEN_KEPT:
            root.remove(section)
    _keep_servers_that_are_read(root)
    if not len(root):
        return {}
    found = {"NOMAPAAS_MAVEN_SETTINGS": ET.tostring(root, encoding="unicode")}
    for mirror in root.iterfind("mirrors/mirror"):
        replaced = {each.strip() for each in (mirror.findtext("mirrorOf") or "").split(",")}
        url = (mirror.findtext("url") or "").strip()
        if url and replaced & _OF_ALL:
            found.setdefault("MVNW_REPOURL", url.rstrip("/"))
    return found


def _keep_servers_that_are_read(root: ET.Element) -> None:
    read = {each.findtext("id") for kind in ("mirror", "repository", "pluginRepository") for each in root.iter(kind)}
    for servers in root.findall("servers"):
        for server in list(servers):
            if server.findtext("id") not in read:
                servers.remove(server)
        if not len(servers):
            root.remove(servers)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
