"""The folder that is mounted at /nomapaas."""

from __future__ import annotations

import shutil

import pytest

from cli.platform.stack import build_stamp, prepare_runner


@pytest.fixture
def checkout(tmp_path, request):
    """A checkout that may be changed."""
    shutil.copytree(request.config.rootpath / "buildpacks", tmp_path / "checkout/buildpacks")
    return tmp_path / "checkout"


def test_a_change_makes_a_new_version_beside_the_old_one(stack, checkout, tmp_path):
    """What runs keeps the folder that it was started with; the link names the newest."""
    dest = tmp_path / "home/runner"
    dest.parent.mkdir()
    first = prepare_runner(checkout, stack, dest)
    stamp = build_stamp(checkout, stack)
    (checkout / "buildpacks/procfile/bin/compile").write_text("#!/bin/sh\n")

    second = prepare_runner(checkout, stack, dest)

    assert dest.resolve() == second
    assert first != second
    assert (first / "init").is_file()
    assert build_stamp(checkout, stack) != stamp


def test_nothing_is_done_twice(stack, checkout, tmp_path):
    """`up` calls it every time."""
    first = prepare_runner(checkout, stack, tmp_path / "runner")
    made = (first / "init").stat().st_mtime_ns

    assert prepare_runner(checkout, stack, tmp_path / "runner") == first
    assert (first / "init").stat().st_mtime_ns == made


def test_nobody_but_root_writes_into_it(stack, checkout, tmp_path):
    """Programs can be run by all, changed by none."""
    version = prepare_runner(checkout, stack, tmp_path / "runner")

    assert {path.stat().st_mode & 0o777 for path in version.rglob("*")} == {0o755, 0o644}
    for program in ("launch", "init", "environ", "boot", "start", "buildpacks/python/bin/compile"):
        assert (version / program).stat().st_mode & 0o111 == 0o111


def test_the_roots_have_no_privileged_programs(stack):
    """No set-user-id bit anywhere a dyno or a build can see."""
    for root in (stack.run, stack.build):
        for path in root.joinpath("usr").rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert not path.stat().st_mode & 0o6000, path


def test_every_folder_of_a_stack_is_a_host_volume(stack):
    """The names that jobs ask for."""
    volumes = stack.host_volumes()

    wanted = {
        f"stack-nomapaas-13-{root}-{name}" for root in ("run", "build") for name in ("usr", "bin", "lib", "lib64")
    }
    assert wanted == set(volumes)
    assert all(path.is_dir() and not path.is_symlink() for path in volumes.values())
