"""What is garbage, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from control.domain.builds import Build, BuildStatus
from control.domain.garbage import Belongings, Sorted, sort_out
from control.domain.oneoffs import Oneoff
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import Slug

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=30)


def _release(version: int, slug: str | None, status: ReleaseStatus = ReleaseStatus.SUCCEEDED) -> Release:
    return Release(
        id=f"r{version}",
        app_id="a",
        version=version,
        status=status,
        description="",
        user_id="u",
        slug_id=slug,
        config_version=version * 10,
        created_at=OLD,
        updated_at=OLD,
    )


def _slug(name: str, made: datetime = OLD) -> Slug:
    return Slug(
        id=name,
        app_id="a",
        sha256=name * 64,
        size=1,
        process_types={"web": "x"},
        stack="s",
        created_at=made,
        updated_at=made,
    )


def _build(number: int, status: BuildStatus = BuildStatus.SUCCEEDED) -> Build:
    return Build(
        id=f"b{number}",
        app_id="a",
        user_id="u",
        status=status,
        source_url="",
        source_checksum=None,
        source_version=None,
        stack="s",
        created_at=OLD,
        updated_at=OLD,
    )


def _sorted(
    releases: Sequence[Release] = (), slugs: Sequence[Slug] = (), builds: Sequence[Build] = (), *, keep: int = 2
) -> Sorted:
    return sort_out(Belongings(releases=releases, builds=builds, slugs=slugs), keep=keep, now=NOW)


def test_the_newest_releases_stay_whole() -> None:
    """Slug, config version and output of older ones go."""
    found = _sorted([_release(1, "a"), _release(2, "b"), _release(3, "c")], [_slug("a"), _slug("b"), _slug("c")])

    assert [each.id for each in found.slugs] == ["a"]
    assert found.kept_digests == {"b" * 64, "c" * 64}
    assert found.kept_config == {20, 30}
    assert found.outputs == ("r1",)


def test_what_is_on_the_air_stays_however_old() -> None:
    """Failed releases after it push it out of no list."""
    failed = [_release(number, "f", ReleaseStatus.FAILED) for number in range(2, 9)]

    found = _sorted([_release(1, "a"), *failed], [_slug("a"), _slug("f")], keep=1)

    assert found.slugs == ()
    assert found.kept_config == {10, 80, *(each.config_version for each in failed)}
    assert "r1" not in found.outputs


def test_a_slug_that_a_newer_release_shares_keeps_the_older_one_whole() -> None:
    """It can be rolled back to, so its config vars stay."""
    found = _sorted([_release(1, "a"), _release(2, "a"), _release(3, "a")], [_slug("a")], keep=1)

    assert found.slugs == ()
    assert found.kept_config == {10, 20, 30}


def test_what_a_oneoff_dyno_runs_with_stays() -> None:
    """Its slug, and the config version of its own."""
    running = Oneoff(
        id="o",
        app_id="a",
        number=1,
        user_id="u",
        command="x",
        type="run",
        size="free",
        slug_id="a",
        release_version=1,
        config_version=77,
        has_own_config=True,
        time_to_live=60,
        created_at=OLD,
        updated_at=OLD,
    )

    found = sort_out(
        Belongings(releases=[_release(2, "b")], builds=[], slugs=[_slug("a"), _slug("b")], oneoffs=[running]),
        keep=1,
        now=NOW,
    )

    assert (found.slugs, found.kept_config) == ((), {20, 77})


def test_a_slug_without_a_release_waits_for_one_a_day() -> None:
    """One posted by API is released by and by."""
    fresh = _slug("f", NOW - timedelta(hours=23))

    found = _sorted([], [_slug("a"), fresh])

    assert [each.id for each in found.slugs] == ["a"]
    assert found.kept_digests == {fresh.sha256}


def test_builds_keep_as_many_outputs() -> None:
    """And those that are not done."""
    waiting = _build(0, BuildStatus.PENDING)

    found = _sorted(builds=[waiting, _build(1), _build(2), _build(3)])

    assert found.outputs == ("b1",)


def test_without_a_limit_nothing_that_was_released_goes() -> None:
    """0 is no limit."""
    found = _sorted([_release(number, "a") for number in range(1, 20)], [_slug("a")], [_build(1)], keep=0)

    assert (found.slugs, found.outputs) == ((), ())


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(list(ReleaseStatus)), st.sampled_from("abcd")), max_size=12),
    st.integers(0, 5),
)
def test_nothing_that_runs_or_is_kept_is_garbage(history: list[tuple[ReleaseStatus, str]], keep: int) -> None:
    """Whatever the history: the current release, pending ones and the newest lose neither slug nor config vars."""
    releases = [_release(number, slug, status) for number, (status, slug) in enumerate(history, 1)]
    found = _sorted(releases, [_slug(name) for name in "abcd"], keep=keep)
    gone = {each.id for each in found.slugs}
    succeeded = [each for each in releases if each.status is ReleaseStatus.SUCCEEDED]
    pending = [each for each in releases if each.status is ReleaseStatus.PENDING]

    for each in (*succeeded[-1:], *pending, *(releases[-keep:] if keep else releases)):
        assert each.slug_id not in gone
        assert each.config_version in found.kept_config
        assert each.id not in found.outputs
