"""The folders, unix users and mounts that an instance has on this machine."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from cli.platform import files
from cli.platform.commands import attempt, run
from cli.platform.instance import (
    CACHE_USER,
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
    # Each holds a socket of its owner, and lets in who comes to it: the edge to Varnish, Varnish to the mesh.
    files.directory(home / "cache", mode=0o710, user=CACHE_USER, group=ROUTER_USER)
    files.directory(home / "mesh", mode=0o710, user=ROUTER_USER, group=CACHE_USER)
    files.directory(instance.run, mode=0o711)
    files.directory(home / "cni")
    files.directory(home / "cni-leases", mode=0o700)


def ensure_dyno_etc(instance: Instance, stack_etcs: Sequence[Path], resolvers: Sequence[str]) -> None:
    """Bring the dynos' /etc to that of all stacks together, with this machine's resolvers.

    A stack's own is links to where each of its roots keeps the files, so one for all leads everybody to what is theirs.
    It lies on a read-only mount of its own: Nomad hard-links what it can into a chroot, and what is on another mount
    it copies. A new one is mounted over the old one, because a dyno may be starting.
    """
    wanted = {"resolv.conf": "".join(f"nameserver {address}\n" for address in resolvers) + "options edns0 timeout:2\n"}
    etc = instance.dyno_etc
    stamp = etc / ".stack"
    mark = "\n".join([*map(str, stack_etcs), wanted["resolv.conf"]])
    mounted = etc in mounts_below(etc)
    if mounted and stamp.is_file() and stamp.read_text() == mark:
        return
    for old in [] if mounted else etc.parent.glob(f"{etc.name}-*"):
        # One that lies below a mount cannot go before that does.
        files.remove_tree(old)
    new = etc.with_name(f"{etc.name}-{secrets.token_hex(4)}")
    merge_etc(stack_etcs, new)
    for name, text in wanted.items():
        files.remove_tree(new / name)
        files.write(new / name, text)
    files.write(new / stamp.name, mark)
    etc.mkdir(exist_ok=True)
    run(["mount", "--bind", new, etc])
    run(["mount", "-o", "remount,bind,ro,nosuid,nodev", etc])


def merge_etc(stack_etcs: Sequence[Path], new: Path) -> None:
    """Fill a new folder with what any of the stacks' /etc has; of equal names the first stack's."""
    new.mkdir()
    for entry in (entry for stack_etc in stack_etcs for entry in stack_etc.iterdir()):
        if not os.path.lexists(new / entry.name):
            shutil.copy2(entry, new / entry.name, follow_symlinks=False)


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
