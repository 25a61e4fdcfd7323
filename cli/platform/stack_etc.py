"""Makes `/etc` of a stack small and safe to hand out.

Nomad copies it into every dyno, so it holds links into `/usr/lib/nomapaas/etc`, where each root keeps its own: a dyno
starts faster, and the certificate authorities of a build are not those of a dyno.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cli.platform import files

HELD = Path("usr/lib/nomapaas/etc")
"""Where a root keeps the real files."""

_LEFT_OUT = frozenset({
    ".pwd.lock", "apt", "ca-certificates", "ca-certificates.conf", "cron.d", "cron.daily", "cron.weekly",
    "debconf.conf", "default", "dpkg", "fstab", "gshadow", "gshadow-", "group-", "hostname", "init.d", "issue",
    "issue.net", "kernel", "ld.so.preload", "logrotate.d", "machine-id", "motd", "opt", "pam.conf", "pam.d",
    "passwd-", "rc0.d", "rc1.d", "rc2.d", "rc3.d", "rc4.d", "rc5.d", "rc6.d", "rcS.d", "resolv.conf", "security",
    "shadow", "shadow-", "skel", "subgid", "subgid-", "subuid", "subuid-", "sysctl.d", "systemd", "tmpfiles.d",
    "update-motd.d", "X11", "xattr.conf",
})  # fmt: skip

_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

_NSSWITCH = """\
passwd:    files extrausers
group:     files extrausers
shadow:    files
hosts:     files dns myhostname
networks:  files
protocols: files
services:  files
"""


def settle(root: Path) -> None:
    """Moves what a dyno needs of `/etc` into the root's `/usr`."""
    etc, held = root / "etc", root / HELD
    held.mkdir(parents=True)
    (etc / "nsswitch.conf").write_text(_NSSWITCH)
    for entry in sorted(etc.iterdir()):
        if entry.name in _LEFT_OUT or entry.name == "hosts":
            continue
        if entry.is_symlink():
            (held / entry.name).symlink_to(_absolute(entry.readlink()))
            entry.unlink()
        else:
            entry.rename(held / entry.name)


def trust(root: Path, bundle: Path) -> None:
    """Makes the host's certificate authorities those of this root."""
    certificates = root / HELD / "ssl" / "certs"
    for entry in certificates.iterdir():
        if entry.name != "ca-certificates.crt":
            files.remove_tree(entry)
    shutil.copyfile(bundle, certificates / "ca-certificates.crt")
    # OpenSSL's default is a folder with one file an authority; a bundle has to be named.
    named = root / "usr/lib/ssl/cert.pem"
    named.unlink(missing_ok=True)
    named.symlink_to("/etc/ssl/certs/ca-certificates.crt")


def write_links(roots: list[Path], etc: Path) -> None:
    """Writes the `/etc` that all roots of a stack share, and gives each root the same for a plain chroot."""
    names = sorted({entry.name for root in roots for entry in (root / HELD).iterdir()})
    for folder in (etc, *(root / "etc" for root in roots)):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        for name in names:
            (folder / name).symlink_to(f"/{HELD}/{name}")
        (folder / "hosts").write_text(_HOSTS)


def _absolute(target: Path) -> Path:
    """A link of `/etc` goes on pointing at the same file from its new place."""
    return Path(os.path.normpath(Path("/etc") / target))
