"""System calls that have let processes out of containers. Each attack returns what it gained, or None."""

import ctypes
import errno
import os
import socket
import struct
import tempfile
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE = {"NEWNS": 0x20000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000, "NEWUSER": 0x10000000,
          "NEWPID": 0x20000000, "NEWNET": 0x40000000}  # fmt: skip
_CALLS = {"add_key": 248, "keyctl": 250, "move_pages": 279, "perf_event_open": 298, "fanotify_init": 300,
          "open_by_handle_at": 304, "setns": 308, "finit_module": 313, "kexec_file_load": 320, "bpf": 321,
          "userfaultfd": 323, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432,
          "mount_setattr": 442, "quotactl_fd": 443}  # fmt: skip


def _call(number: int, *arguments: object) -> int:
    """A system call; what it returned, or minus its error."""
    done = _libc.syscall(number, *arguments)
    return done if done >= 0 else -ctypes.get_errno()


def _in_child(attempt) -> str | None:
    """An attempt that would change this process, made in another one; its words by way of a pipe."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, (attempt() or "").encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    os.waitpid(pid, 0)
    return said or None


def raw_sockets() -> str | None:
    kinds = [(socket.AF_INET, socket.SOCK_RAW, protocol) for protocol in (1, 6, 17, 255)]
    kinds += [(17, socket.SOCK_RAW, 0x0300), (17, socket.SOCK_DGRAM, 0x0300), (socket.AF_INET6, socket.SOCK_RAW, 58)]
    kinds += [(family, socket.SOCK_DGRAM, 0) for family in (29, 31, 38, 40, 44)]  # CAN, Bluetooth, ALG, VSOCK, XDP
    kinds += [(16, socket.SOCK_RAW, protocol) for protocol in (6, 9, 12, 15)]  # netlink: IPsec, audit, filter, uevents
    opened = []
    for family, kind, protocol in kinds:
        try:
            socket.socket(family, kind, protocol).close()
            opened.append((family, int(kind), protocol))
        except OSError:
            pass
    return f"sockets {opened}" if opened else None


def ptrace_of_process_1() -> str | None:
    attached = _libc.ptrace(16, 1, 0, 0)
    return "attached to process 1" if attached == 0 else None


def memory_of_process_1() -> str | None:
    for name in ("mem", "environ", "maps", "root", "cwd", "fd"):
        path = Path("/proc/1") / name
        try:
            found = os.listdir(path) if name in {"root", "cwd", "fd"} else path.open("rb").read(16)
        except OSError:
            continue
        if found:
            return f"{path}: {found!r}"
    return None


def signals_beyond_its_own() -> str | None:
    """All processes that can be seen are this dyno's: none belongs to another user."""
    foreign = [each.name for each in Path("/proc").iterdir() if each.name.isdigit() and each.stat().st_uid != os.getuid()
               and each.name != "1"]  # fmt: skip
    return f"processes {foreign}" if foreign else None


def namespaces() -> str | None:
    def attempt() -> str:
        return " ".join(name for name, flag in _CLONE.items() if _libc.unshare(flag) == 0)

    made = _in_child(attempt)
    return f"unshared {made}" if made else None


def namespaces_by_clone() -> str | None:
    """clone3 must not exist (a filter cannot see its flags); clone must refuse a user namespace."""
    arguments = struct.pack("<11Q", _CLONE["NEWUSER"], *[0] * 10)
    clone = 56 if os.uname().machine == "x86_64" else 220
    for number, rest in ((435, (arguments, len(arguments))), (clone, (_CLONE["NEWUSER"] | 17, 0, 0, 0, 0))):
        pid = _call(number, *rest)
        if pid == 0:
            os._exit(0)
        if pid > 0:
            os.waitpid(pid, 0)
            return f"call {number} made a process in a new user namespace"
    return None


def mounts() -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        target = folder.encode()
        tried = [(b"none", target, b"tmpfs", 0), (b"proc", target, b"proc", 0), (b"/", target, None, 4096),
                 (b"/usr", b"/usr", None, 4096 | 32), (b"none", b"/", None, 1 << 18), (b"/dev/sda1", target, b"ext4", 0)]  # fmt: skip
        for source, place, kind, flags in tried:
            if _libc.mount(source, place, kind, flags, None) == 0:
                return f"mounted {source!r}"
    if _libc.umount2(b"/usr", 2) == 0 or _libc.umount2(b"/proc", 2) == 0:
        return "unmounted"
    return None


def other_roots() -> str | None:
    def attempt() -> str:
        try:
            os.chroot("/tmp")
        except OSError:
            return ""
        return "chroot"

    return _in_child(attempt)


def closed_calls() -> str | None:
    """Each answers that it is not permitted or not there, before it looks at its arguments."""
    if os.uname().machine != "x86_64":
        return None  # the numbers are others there
    buffer = ctypes.create_string_buffer(256)
    open_ = [name for name, number in _CALLS.items()
             if name != "move_pages" and _call(number, 0, buffer, 0, 0, 0) not in {-errno.EPERM, -errno.ENOSYS}]  # fmt: skip
    return f"calls {open_}" if open_ else None


def other_users() -> str | None:
    def attempt() -> str:
        gained = []
        for name, change in (("setuid", lambda: os.setuid(0)), ("setgid", lambda: os.setgid(0)),
                             ("setgroups", lambda: os.setgroups([0])), ("setresuid", lambda: os.setresuid(300001, 0, 0))):  # fmt: skip
            try:
                change()
                gained.append(name)
            except OSError:
                pass
        return " ".join(gained)

    return _in_child(attempt)


def capabilities() -> str | None:
    fields = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    held = [name for name in fields if name.startswith("Cap") and int(fields[name], 16)]
    return f"capabilities {held}" if held or fields["NoNewPrivs"] != "1" or fields["Seccomp"] != "2" else None


def set_id_programs() -> str | None:
    """A program that this user makes set-id gives nobody's rights to anybody, nor does one of the stack."""
    found = []
    for folder in ("/bin", "/usr/bin", "/usr/sbin", "/usr/lib"):
        for place, _, names in os.walk(folder):
            for name in names:
                path = Path(place) / name
                try:
                    if path.lstat().st_mode & 0o6000 and path.is_file() and path.stat().st_uid == 0:
                        found.append(str(path))
                except OSError:
                    pass
    useful = [path for path in found if _effective(path) == 0]
    return f"set-id programs {useful}" if useful else None


def _effective(path: str) -> int:
    """The user that a program runs as: `no_new_privs` has to keep it this one."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writer, 1)
        os.close(0)
        os.execv(path, [path, "--version"])
    status = Path(f"/proc/{pid}/status")
    try:
        users = next(line for line in status.read_text().splitlines() if line.startswith("Uid"))
        return int(users.split()[2])
    except OSError:
        return -1
    finally:
        os.close(writer)
        os.close(reader)
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def devices() -> str | None:
    made = []
    for name, kind, major, minor in (("mem", 0o020000, 1, 1), ("disk", 0o060000, 8, 0), ("kmsg", 0o020000, 1, 11)):
        path = f"/tmp/{name}"
        try:
            os.mknod(path, kind | 0o600, os.makedev(major, minor))
            made.append(name)
        except OSError:
            pass
    return f"devices {made}" if made else None


def the_kernels_log() -> str | None:
    buffer = ctypes.create_string_buffer(64)
    return "read the kernel's log" if _libc.klogctl(3, buffer, 64) > 0 else None


def tty_injection() -> str | None:
    """Typing into the terminal of whoever is attached (TIOCSTI)."""
    for descriptor in (0, 1, 2):
        if _libc.ioctl(descriptor, 0x5412, b"x") == 0:
            return f"typed into descriptor {descriptor}"
    return None


def priority() -> str | None:
    """A real-time thread would keep the machine from everybody else."""
    if _libc.sched_setscheduler(0, 1, struct.pack("i", 50)) == 0:
        return "real-time priority"
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -5)
    except OSError:
        return None
    return "a better priority"
