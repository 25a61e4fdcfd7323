"""Files that are not this dyno's. Each attack returns what it gained, or None."""

import os
import socket
import stat
from pathlib import Path

_HARMLESS_DEVICES = {"full", "null", "ptmx", "random", "tty", "urandom", "zero"}


def _written(path: str) -> bool:
    try:
        with open(path, "ab") as file:
            file.write(b"")
    except OSError:
        return False
    return True


def writable_places() -> str | None:
    """Neither the stack, nor what Nomad writes to, nor the kernel's knobs."""
    paths = ["/etc/passwd", "/etc/ld.so.preload", "/usr/x", "/usr/bin/bash", "/bin/x", "/lib/x", "/nomapaas/init", "/nomapaas/x",
             "/local/x", "/local/slug.tgz", "/secrets/x", "/private/x", "/alloc/logs/x", "/proc/sys/kernel/core_pattern",
             "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory", "/proc/sys/net/ipv4/ip_forward",
             "/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/fs/cgroup/x",
             "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/cgroup.procs"]  # fmt: skip
    gained = [path for path in paths if _written(path)]
    return f"wrote {gained}" if gained else None


def readable_secrets() -> str | None:
    paths = ["/secrets/nomad_token", "/secrets/vault_token", "/secrets/config", "/private/x", "/etc/shadow", "/proc/kcore",
             "/proc/kmsg", "/proc/1/environ", "/proc/timer_list", "/dev/mem", "/dev/kmsg", "/sys/kernel/debug/x",
             "/sys/firmware/efi/efivars", "/proc/sched_debug"]  # fmt: skip
    for folder in ("/secrets", "/private"):
        try:
            paths += [f"{folder}/{name}" for name in os.listdir(folder)]
        except OSError:
            pass
    gained = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                if file.read(1):
                    gained.append(path)
        except OSError:
            pass
    return f"read {gained}" if gained else None


def cgroups() -> str | None:
    """A cgroup folder that can be written would be a way around the limits."""
    gained = []
    for folder, _, names in os.walk("/sys/fs/cgroup"):
        gained += [f"{folder}/{name}" for name in names if os.access(f"{folder}/{name}", os.W_OK)]
        if os.access(folder, os.W_OK):
            gained.append(folder)
    return f"cgroup files {gained[:5]}" if gained else None


def devices() -> str | None:
    opened = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            path = Path(folder) / name
            try:
                kind = path.lstat().st_mode
                if not (stat.S_ISCHR(kind) or stat.S_ISBLK(kind)) or name in _HARMLESS_DEVICES or folder == "/dev/pts":
                    continue
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
                opened.append(str(path))
            except OSError:
                pass
    return f"devices {opened}" if opened else None


def sockets() -> str | None:
    """Nomad puts the socket of its API into every task's folder; no socket of anybody else's may be reached."""
    reached = []
    for folder, folders, names in os.walk("/"):
        folders[:] = [
            each for each in folders if f"{folder.rstrip('/')}/{each}" not in {"/proc", "/sys", "/usr", "/app"}
        ]
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            try:
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    with socket.socket(socket.AF_UNIX) as opened:
                        opened.connect(path)
                        reached.append(path)
            except OSError:
                pass
    for path in (
        "/secrets/api.sock",
        "/run/docker.sock",
        "/run/containerd/containerd.sock",
        os.environ.get("NOMAD_UNIX_ADDR", "x"),
    ):
        try:
            with socket.socket(socket.AF_UNIX) as opened:
                opened.connect(path.removeprefix("unix:"))
                reached.append(path)
        except OSError:
            pass
    return f"sockets {reached}" if reached else None


def links_among_logs() -> str | None:
    """Nomad (before 2.0.1) and careless readers follow links among the log files."""
    gained = []
    for place in ("/alloc/logs/dyno.stdout.9", "/alloc/logs/evil"):
        for make in (os.symlink, os.link):
            try:
                make("/etc/passwd", place)
                gained.append(f"{make.__name__} {place}")
            except OSError:
                pass
    for source, target in (("/alloc/logs", "/alloc/away"), ("/alloc/logs/dyno.stdout.0", "/tmp/log"), ("/alloc", "/away"),
                           ("/etc", "/tmp/etc"), ("/secrets", "/tmp/secrets"), ("/local", "/tmp/local")):  # fmt: skip
        try:
            os.rename(source, target)
            gained.append(f"moved {source}")
        except OSError:
            pass
    return f"{gained}" if gained else None


def the_hosts_proc() -> str | None:
    """This /proc shows the dyno's own processes, mounts and sockets."""
    others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) > 100_000]
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    foreign = [line.split()[1] for line in listening if line.split()[3] == "0A" and int(line.split()[7]) == 0]
    return f"processes {others}, listening sockets of root {foreign}" if len(others) > 50 or foreign else None


def kernel_addresses() -> str | None:
    try:
        shown = [line for line in Path("/proc/kallsyms").read_text().splitlines()[:50] if not line.startswith("0" * 16)]
    except OSError:
        return None
    return f"addresses {shown[:2]}" if shown else None
