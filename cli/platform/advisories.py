"""Versions of the servers that are known to be vulnerable, and whether nomapaas keeps the hole out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Version = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """One publicly known vulnerability of a server in a version that nomapaas would run."""

    server: str
    name: str
    what: str
    """A clause that begins with a verb, about that version of the server."""
    fixed: tuple[Version, ...]
    """The first version of each line that is well, the newest last; older lines have no fix."""
    out_of_reach: str = ""
    """Why it does little harm here, and what people must not do; empty where it does."""

    def affects(self, version: Version) -> bool:
        """Whether this version has it."""
        own_line = next((fix for fix in self.fixed if fix[:2] == version[:2]), self.fixed[-1])
        return version < own_line


ADVISORIES = (
    Advisory(
        server="nomad",
        name="HCSEC-2026-14",
        what="follows links that a task plants among its log files",
        fixed=((2, 0, 1),),
        out_of_reach="The platform never reads logs through Nomad; read them with `nomapaas logs`, not in Nomad's UI.",
    ),
    Advisory(
        server="nomad",
        name="CVE-2025-4922",
        what="may apply an ACL rule to a job with a longer name",
        fixed=((1, 10, 2),),
    ),
    Advisory(
        server="vault",
        name="CVE-2026-5807",
        what="lets anybody who reaches it hold up root token generation and rekeying",
        fixed=((1, 21, 5),),
        out_of_reach="Vault listens on loopback alone, which no dyno reaches; let no untrusted user onto this machine.",
    ),
    Advisory(
        server="vault",
        name="CVE-2025-6000",
        what="lets its operators run programs on the machine",
        fixed=((1, 18, 12), (1, 19, 7), (1, 20, 1)),
        out_of_reach="Only `nomapaas up` is its operator, for seconds, and has the machine anyway.",
    ),
    Advisory(
        server="minio",
        name="CVE-2025-62506",
        what="lets a restricted access key make one without the restriction",
        fixed=((2025, 10, 15),),
    ),
)


def known(server: str, version: Version) -> Iterator[Advisory]:
    """What is known of a version of a server."""
    return (each for each in ADVISORIES if each.server == server and each.affects(version))
