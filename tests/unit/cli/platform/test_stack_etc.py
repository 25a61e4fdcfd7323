"""The small `/etc` of a stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.platform import stack_etc


@pytest.fixture
def roots(tmp_path):
    """Two roots as mmdebstrap leaves them, in little."""
    made = []
    for name in ("run", "build"):
        root = tmp_path / name
        for folder in ("etc/ssl/certs", "etc/apt", "usr/lib/ssl"):
            (root / folder).mkdir(parents=True)
        (root / "usr/lib/os-release").write_text("NAME=Debian")
        (root / "etc/os-release").symlink_to("../usr/lib/os-release")
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
        (root / "etc/resolv.conf").write_text("nameserver 192.0.2.1\n")
        (root / "etc/ssl/certs/ca-certificates.crt").write_text("debian")
        (root / "etc/ssl/certs/one.pem").write_text("debian")
        (root / f"etc/only-{name}").write_text("")
        stack_etc.settle(root)
        made.append(root)
    stack_etc.write_links(made, tmp_path / "etc")
    return made


def test_etc_is_links_and_hosts(roots, tmp_path):
    """Nothing in it is a secret of the host, or a file that a hard link could give away."""
    entries = {entry.name: entry for entry in (tmp_path / "etc").iterdir()}

    assert sorted(name for name, entry in entries.items() if not entry.is_symlink()) == ["hosts"]
    assert {"resolv.conf", "apt"}.isdisjoint(entries)
    assert {"passwd", "os-release", "only-run", "only-build"} <= set(entries)
    assert entries["passwd"].readlink() == Path("/usr/lib/nomapaas/etc/passwd")


def test_a_root_can_be_entered_as_it_is(roots):
    """Its own `/etc` has the same links; relative ones go on pointing at the same file."""
    for root in roots:
        assert (root / "etc/passwd").readlink() == Path("/usr/lib/nomapaas/etc/passwd")
        assert (root / "usr/lib/nomapaas/etc/os-release").readlink() == Path("/usr/lib/os-release")


def test_the_hosts_authorities_reach_builds_only(roots, tmp_path):
    """A registry behind a company's proxy works in builds; dynos trust what Debian trusts."""
    run, build = roots
    (tmp_path / "bundle").write_text("debian and ours")

    stack_etc.trust(build, tmp_path / "bundle")

    certificates = stack_etc.HELD / "ssl/certs"
    assert (build / certificates / "ca-certificates.crt").read_text() == "debian and ours"
    assert not (build / certificates / "one.pem").exists()
    assert (build / "usr/lib/ssl/cert.pem").readlink() == Path("/etc/ssl/certs/ca-certificates.crt")
    assert (run / certificates / "ca-certificates.crt").read_text() == "debian"
