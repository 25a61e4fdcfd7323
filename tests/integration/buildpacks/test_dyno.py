"""What a dyno is: its user, its environment, its limits, its end. In the real stack, laid out like a Nomad task."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

FILES = {"Procfile": "web: x\n"}


def pairs(output):
    """`env -0` as a mapping."""
    return dict(pair.split("=", 1) for pair in output.split("\0") if pair)


def test_the_environment_is_exact(sandbox):
    """Config values arrive byte for byte, the platform's own variables win, nothing else is there."""
    config = {
        "A": "1\n'\"$HOME \\ é",
        "weird.name-1": "x",
        "EMPTY": "",
        "PORT": "1",
        "HOME": "/tmp",
        "DYNO": "x",
        "UID": "0",
    }

    ended = sandbox.boot("env -0", FILES, config=config, NOMAD_TOKEN="t", NOMAPAAS_RELEASE="v3")

    env = pairs(ended.output)
    assert {name: env[name] for name in ("A", "weird.name-1", "EMPTY")} == {
        name: config[name] for name in ("A", "weird.name-1", "EMPTY")
    }
    assert (env["PORT"], env["HOME"], env["DYNO"], env["PWD"]) == ("5000", "/app", "web.1", "/app")
    assert env["HEROKU_RELEASE_VERSION"] == "v3"
    assert not [name for name in env if name.startswith(("NOMAD", "NOMAPAAS"))]
    assert ended.status == 0


def test_no_privilege_is_left(sandbox):
    """A user and group of its own, no capability in any set, no way to get one."""
    ended = sandbox.boot("id -u; id -g; id -G; whoami; cat /proc/self/status", FILES)

    uid, gid, groups, name, *status = ended.output.splitlines()
    assert 300_000 < int(uid) <= 300_000 + 0xFFFFFF
    assert uid == gid == groups
    assert name == "app"
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert {fields[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize(
    "attempt",
    [
        "unshare --user true",
        "unshare --mount true",
        "mount -t tmpfs x /tmp",
        "chroot / true",
        "mv /etc /tmp/etc",
        "rm /etc/passwd",
        "touch /usr/x",
        "touch /nomapaas/x",
        "rm -f /local/slug.tgz && ! test -e /local/slug.tgz",
        "ln -s /etc /alloc/logs/link",
        "mv /alloc/logs /alloc/other",
        "touch /secrets/x",
        "cat /secrets/config",
        "kill -9 1 && ! kill -0 1",
        "cat /proc/1/environ",
        "python3 -c 'import socket; socket.socket(17, 3, 0)'",
        "python3 -c 'import socket; socket.socket(38, 5, 0)'",
        "python3 -c 'import socket; socket.socket(40, 1, 0)'",
        "python3 -c 'import socket; socket.socket(16, 3, 12)'",
        "python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(425, 8, 0) == -1)'",
        "python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(250, 0, -3, 0) == -1)'",
        "python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(321, 0, 0, 0) == -1)'",
        "python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(56, 0x10000011, 0, 0, 0, 0) == -1)'",
    ],
)
def test_what_a_dyno_cannot_do(sandbox, attempt):
    """Namespaces, mounts, roots, keys, kernel doors, and the folders that Nomad writes into."""
    ended = sandbox.boot(f"if {attempt}; then echo could; else echo could not; fi", FILES, config={"A": "1"})

    assert ended.output.splitlines()[-1] == "could not"


@pytest.mark.parametrize(
    "attempt",
    [
        "touch /app/x /tmp/x",
        "mkdir /data",
        "python3 -c 'import socket; socket.socket(); socket.socket(socket.AF_UNIX); socket.if_nameindex()'",
        "python3 -c 'import threading; threading.Thread(target=bool).start()'",
        "python3.11 -c 'import ssl, sqlite3, lzma, readline'",
        "python3 -c 'import getpass; assert getpass.getuser() == \"app\"'",
        "python3 -c 'import ssl; assert len(ssl.create_default_context().get_ca_certs()) > 50'",
        "python3 -c 'import multiprocessing as m; m.Lock()'",
        "python3 -c 'import zoneinfo; zoneinfo.ZoneInfo(\"Europe/Rome\")'",
    ],
)
def test_what_a_dyno_can_do(sandbox, attempt):
    """Ordinary programs find what they need."""
    ended = sandbox.boot(attempt, FILES)

    assert (ended.status, ended.output) == (0, "")


def test_all_output_is_one_stream(sandbox):
    """Lines stay in the order in which they were printed, and /dev/stdout can be opened anew."""
    ended = sandbox.boot("echo 1; echo 2 >&2; echo 3 >/dev/stdout; echo 4 >/proc/self/fd/2", FILES)

    assert ended.output == "1\n2\n3\n4\n"


def test_processes_are_limited(sandbox):
    """A dyno cannot fork without end."""
    ended = sandbox.boot("for i in {1..60}; do sleep 3 & done; echo done", FILES, NOMAPAAS_PIDS="30")

    assert "Resource temporarily unavailable" in ended.output


def test_preloaded_code_gains_nothing(sandbox, stack, tmp_path):
    """LD_PRELOAD as a config var runs in the app's own processes, after every privilege is gone."""
    source = tmp_path / "evil.c"
    source.write_text(
        "#include <stdio.h>\n#include <string.h>\n__attribute__((constructor)) static void f(void) {"
        'char l[256]; FILE *s = fopen("/proc/self/status", "r"), *o = fopen("/tmp/seen", "a");'
        'while (o && s && fgets(l, 256, s)) if (!strncmp(l, "CapPrm", 6) || !strncmp(l, "Uid", 3)) fputs(l, o);'
        "if (o) fclose(o); }"
    )
    work = stack.build / "tmp" / f"preload-{os.getpid()}"
    work.mkdir()
    try:
        shutil.copy(source, work)
        inside = f"/tmp/{work.name}"
        gcc = ["chroot", str(stack.build), "gcc", "-shared", "-fPIC"]
        subprocess.run([*gcc, "-o", f"{inside}/evil.so", f"{inside}/evil.c"], check=True)
        sandbox.prepare()
        shutil.copy(work / "evil.so", sandbox.task / "local/evil.so")
        (sandbox.task / "local/evil.so").chmod(0o755)
    finally:
        shutil.rmtree(work)

    ended = sandbox.boot("cat /tmp/seen", FILES, config={"LD_PRELOAD": "/local/evil.so"})

    lines = ended.output.splitlines()
    assert lines
    assert {line.split("\t")[1] for line in lines if line.startswith("CapPrm")} == {"0" * 16}
    assert all(int(uid) > 300_000 for line in lines if line.startswith("Uid") for uid in line.split("\t")[1:])


@pytest.mark.parametrize(
    ("command", "status"), [("exit 7", 7), ("kill -9 $$", 137), ("true", 0), ("no-such-program", 127)]
)
def test_a_dyno_ends_as_its_command_ends(sandbox, command, status):
    """Exit codes are the app's own; a signal is 128 and its number."""
    assert sandbox.boot(command, FILES).status == status


def test_a_stop_reaches_every_process(sandbox):
    """SIGTERM goes to all processes, not only to the first; the dyno ends when the first one does."""
    trap = "trap 'echo {0} stops; exit {1}' TERM; "
    command = f"({trap.format('child', 0)} sleep 60 & wait) & {trap.format('main', 3)} echo ready; wait"
    sandbox.prepare()
    sandbox.boot("true", FILES)
    with sandbox.start("boot", NOMAPAAS_COMMAND=_encoded(command + "; wait"), NOMAPAAS_TYPE="web") as process:
        assert process.stdout.readline() == "ready\n"
        os.kill(_only_child(process.pid), signal.SIGTERM)
        output, _ = process.communicate(timeout=10)

    assert "main stops" in output
    assert process.returncode == 3


def test_a_dyno_without_an_address_is_not_started(sandbox):
    """Its user id would not be its own."""
    sandbox.namespaces = (*sandbox.namespaces, "--net")

    ended = sandbox.boot("true", FILES)

    assert "This dyno has no network address of its own" in ended.output
    assert ended.status == 125


def test_orphans_are_reaped(sandbox):
    """No zombie stays."""
    ended = sandbox.boot("(sleep 0.1 & exec true); sleep 0.4; ps -eo stat=", FILES)

    assert "Z" not in ended.output


def test_profile_scripts_run_first(sandbox):
    """`.profile.d/*.sh` in order, then `.profile`, then the command, in one environment."""
    files = {
        **FILES,
        ".profile.d/b.sh": 'export ORDER="${ORDER}b"; set -- clobbered',
        ".profile.d/a.sh": "export ORDER=a",
        ".profile": 'export ORDER="${ORDER}p"; cd /tmp',
    }

    ended = sandbox.boot('echo "$ORDER" "$PWD" $((1 + 1))', files)

    assert ended.output == "abp /tmp 2\n"


@pytest.mark.parametrize(
    ("slug", "said"), [(None, "This dyno has no slug to run"), (b"damaged", "The slug could not be unpacked")]
)
def test_a_dyno_without_a_slug_says_so(sandbox, slug, said):
    """One sentence, and an exit status that is the platform's."""
    sandbox.prepare()
    if slug is not None:
        (sandbox.task / "local/slug.tgz").write_bytes(slug)

    ended = sandbox.boot("true")

    assert said in ended.output
    assert ended.status == 125


def _only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
