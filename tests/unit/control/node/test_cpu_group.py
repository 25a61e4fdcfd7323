"""How processor time is read and how a dyno is put aside, on both versions of control groups."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from control.node.allocations import AllocationState
from control.node.cpu_group import CpuGroup, LogReader, find_group, find_log_readers

KEY = str(uuid.UUID(int=11))
SHARES = 150
STATE = AllocationState(
    id=KEY,
    app_id=KEY,
    dyno="web.1",
    long_running=True,
    task="dyno",
    ended=False,
    wanted=True,
    healthy=None,
    deployed=True,
    events=(),
    disk_mb=None,
    cpu_shares=SHARES,
)
THREE_THREADS = """
import threading, time
for _ in range(2):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print(flush=True)
time.sleep(60)
"""


def _version_1(root: Path) -> Path:
    (root / "cpuacct" / "nomad" / f"{KEY}.dyno").mkdir(parents=True)
    (root / "cpuacct" / "nomad" / f"{KEY}.dyno" / "cpuacct.usage").write_text("2500000000\n")
    (root / "cpuset" / "nomad" / f"{KEY}.dyno").mkdir(parents=True)
    folder = root / "cpu" / "nomad" / f"{KEY}.dyno"
    folder.mkdir(parents=True)
    (folder / "cpu.stat").write_text("nr_periods 0\nnr_throttled 0\nthrottled_time 0\n")
    (folder / "cpu.shares").write_text(f"{SHARES}\n")
    (folder / "cpu.idle").write_text("0\n")
    return folder


def _version_2(root: Path) -> Path:
    folder = root / "nomad.slice" / "share.slice" / f"{KEY}.dyno.scope"
    folder.mkdir(parents=True)
    (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n")
    (folder / "cpu.weight").write_text("6\n")
    (folder / "cpu.idle").write_text("0\n")
    return folder


@pytest.fixture(params=[_version_1, _version_2])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of the weight."""
    return Path(request.param(tmp_path))


def _weight(folder: Path) -> str:
    (file,) = [folder / name for name in ("cpu.shares", "cpu.weight") if (folder / name).exists()]
    return file.read_text().strip()


def _group(root: Path) -> CpuGroup:
    found = find_group(STATE, cgroups=root)
    assert found is not None
    return found


def test_time_is_read_again_and_again(folder: Path, tmp_path: Path) -> None:
    """In nanoseconds, from one open file."""
    group = _group(tmp_path)

    assert [group.used(), group.used()] == [2_500_000_000] * 2
    group.close()


def test_put_aside_and_back(folder: Path, tmp_path: Path) -> None:
    """The kernel forgets the weight of an idle group, so that it is written again."""
    group, before = _group(tmp_path), _weight(folder)

    group.put_aside(aside=True)
    assert ((folder / "cpu.idle").read_text(), _weight(folder)) == ("1\n", before)
    group.put_aside(aside=False)

    assert ((folder / "cpu.idle").read_text(), _weight(folder)) == ("0\n", before)


def test_what_an_earlier_agent_put_aside_gets_its_weight_back(folder: Path, tmp_path: Path) -> None:
    """Its own is not to be read there; Nomad's figure tells it."""
    before = _weight(folder)
    (folder / "cpu.idle").write_text("1\n")
    for name in ("cpu.shares", "cpu.weight"):
        if (folder / name).exists():
            (folder / name).write_text("3\n" if name == "cpu.shares" else "0\n")

    _group(tmp_path).put_aside(aside=False)

    assert ((folder / "cpu.idle").read_text(), _weight(folder)) == ("0\n", before)


def test_a_kernel_without_idle_groups_has_the_least_weight(folder: Path, tmp_path: Path) -> None:
    """Linux before 5.15."""
    (folder / "cpu.idle").unlink()
    group, before = _group(tmp_path), _weight(folder)

    group.put_aside(aside=True)
    assert int(_weight(folder)) <= 2
    group.put_aside(aside=False)

    assert _weight(folder) == before
    assert not (folder / "cpu.idle").exists()


def test_all_of_nomads_tasks_weigh_more_than_one_process(tmp_path: Path) -> None:
    """On cgroup v1, where that is not so; a larger weight that somebody gave them stays."""
    shares = _version_1(tmp_path).parent / "cpu.shares"
    shares.write_text("1024\n")
    _group(tmp_path)
    assert int(shares.read_text()) >= 2048

    shares.write_text("200000\n")
    _group(tmp_path)
    assert shares.read_text() == "200000\n"


def test_an_allocation_without_a_group(tmp_path: Path) -> None:
    """It has not started yet."""
    assert find_group(STATE, cgroups=tmp_path) is None


def test_readers_are_told_by_their_pipes(tmp_path: Path) -> None:
    """Only Nomad's `logmon` of the allocation; the youngest where a client has started another one."""
    allocations, proc = tmp_path / "alloc", tmp_path / "proc"
    for pid, command, key in (
        (os.getpid(), "logmon", KEY),
        (1, "logmon", str(uuid.UUID(int=12))),
        (2, "executor", KEY),
        (3, "logmon", None),
    ):
        (proc / str(pid) / "fd").mkdir(parents=True)
        (proc / str(pid) / "task").mkdir()
        (proc / str(pid) / "cmdline").write_bytes(f"/x/nomad\0{command}\0".encode())
        (proc / str(pid) / "fd" / "0").symlink_to("/dev/null")
        if key:
            (proc / str(pid) / "fd" / "1").symlink_to(allocations / key / "alloc" / "logs" / ".dyno.stdout.fifo")
    (proc / "self").mkdir()

    found = find_log_readers({KEY, str(uuid.UUID(int=13))}, allocations=allocations, proc=proc)

    assert set(found) == {KEY}
    assert found[KEY].used() > 0


def test_a_process_is_put_aside_with_all_its_threads() -> None:
    """And gets its turn again; one that has ended says so."""
    with subprocess.Popen([sys.executable, "-c", THREE_THREADS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        threads = [int(each.name) for each in Path(f"/proc/{process.pid}/task").iterdir()]
        reader = LogReader(Path(f"/proc/{process.pid}"))
        reader.put_aside(aside=True)
        aside = {os.sched_getscheduler(each) for each in threads}
        reader.put_aside(aside=False)
        back = {os.sched_getscheduler(each) for each in threads}
        used = reader.used()
        process.kill()
    with pytest.raises(OSError, match="Invalid argument"):
        reader.used()
    reader.close()

    assert (len(threads), aside, back) == (3, {os.SCHED_IDLE}, {os.SCHED_OTHER})
    assert used > 1_000_000
