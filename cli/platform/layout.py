"""The folders, unix users and mounts that an instance has on this machine."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

from cli.platform import files
from cli.platform.commands import attempt, run
from cli.platform.instance import (
    CONSUL_USER,
    CONTROL_USER,
    MINIO_USER,
    ROUTER_USER,
    USERS,
    VAULT_USER,
    Instance,
)

MOUNTS = Path("/proc/self/mountinfo")


def ensure_users() -> None:
    """Make the unix users that are missing: no login, no home, a group each."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    for user in USERS:
        if user not in known:
            options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
            run(["useradd", *options, "--shell", "/usr/sbin/nologin", user])


def ensure_folders(instance: Instance) -> None:
    """Make HOME and what is in it, each with its owner and mode."""
    home = instance.home
    files.directory(home)
    files.directory(instance.cache)
    files.directory(instance.etc, mode=0o711)
    for name, user in (("consul", CONSUL_USER), ("vault", VAULT_USER), ("minio", MINIO_USER)):
        files.directory(home / name, mode=0o700, user=user)
        files.directory(instance.etc / name, mode=0o700, user=user)
    files.directory(instance.etc / "nomad", mode=0o700)
    files.directory(home / "nomad", mode=0o700)
    files.directory(home / "nomad-server", mode=0o700)
    files.directory(instance.logs, mode=0o711)
    files.directory(instance.logs / "vault", mode=0o700, user=VAULT_USER)
    files.directory(instance.secrets, mode=0o700)
    files.directory(instance.secrets / "control", mode=0o500, user=CONTROL_USER)
    files.directory(instance.secrets / "router", mode=0o500, user=ROUTER_USER)
    files.directory(home / "state", mode=0o700, user=CONTROL_USER)
    files.directory(home / "router", mode=0o750, user=ROUTER_USER, group=CONTROL_USER)
    files.directory(instance.etc / "router")
    files.directory(instance.run, mode=0o711)
    files.directory(home / "cni")
    files.directory(home / "cni-leases", mode=0o700)


def ensure_dyno_etc(instance: Instance, stack_etc: Path, resolvers: Sequence[str]) -> None:
    """Bring the dynos' /etc to the stack's, with this machine's resolvers.

    It lies on a read-only mount of its own: Nomad hard-links what it can into a chroot, and what is on another mount
    it copies.
    """
    wanted = {"resolv.conf": "".join(f"nameserver {address}\n" for address in resolvers) + "options edns0 timeout:2\n"}
    etc = instance.dyno_etc
    stamp = etc / ".stack"
    mark = f"{stack_etc}\n{wanted['resolv.conf']}"
    if os.path.ismount(etc) and stamp.is_file() and stamp.read_text() == mark:
        return
    release(etc)
    files.remove_tree(etc)
    shutil.copytree(stack_etc, etc, symlinks=True)
    for name, text in wanted.items():
        files.remove_tree(etc / name)
        files.write(etc / name, text)
    files.write(stamp, mark)
    run(["mount", "--bind", etc, etc])
    run(["mount", "-o", "remount,bind,ro,nosuid,nodev", etc])


def mounts_below(path: Path) -> list[Path]:
    """Mount points at or below a folder, the deepest first."""
    found = []
    for line in MOUNTS.read_text().splitlines():
        point = Path(line.split()[4].encode().decode("unicode_escape"))
        if point == path or path in point.parents:
            found.append(point)
    return sorted(found, key=lambda p: len(p.parts), reverse=True)


def release(path: Path) -> None:
    """Unmount everything at or below a folder."""
    for point in mounts_below(path):
        if attempt(["umount", point]).returncode != 0:
            run(["umount", "--lazy", point])
