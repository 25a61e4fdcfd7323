"""No app sees another's bytes, and no user another's, but what the app says is for all."""

from __future__ import annotations

import pytest

from tests.integration.router.cache.stage import Answer, marked

ANN, BOB = {"Authorization": "Bearer ann"}, {"Authorization": "Bearer bob"}
INTERNAL = ("App", "Key", "For", "Away", "Tried", "Verdict", "Odd", "Ban")


def personal(header, said, **more):
    """Says to each user who they are."""
    return lambda _path, headers: marked(said, body=(headers[header] or "nobody").encode(), **more)


@pytest.mark.parametrize("said", ["", "max-age=60", "private, max-age=60", "max-age=60, must-revalidate", "no-cache"])
@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
def test_unmarked_pages_are_each_users_own(make_site, header, said):
    """Whoever was here before."""
    site = make_site()
    site.dyno.does(personal(header, said))

    for _ in range(4):
        for user in ("user=ann", "user=bob"):
            assert site.get("/me", **{header: user}).text == user
        assert site.get("/me").text == "nobody"


@pytest.mark.parametrize("said", ["public, max-age=60", "s-maxage=60"])
def test_credentials_share_what_the_app_marks_for_all(make_site, said):
    """RFC 9111, 3.5."""
    site = make_site(marked(said))

    assert [site.get("/all", **user).headers["x-cache"] for user in (ANN, BOB, {}, ANN)] == [
        "MISS",
        "HIT",
        "HIT",
        "HIT",
    ]


def test_cookies_alone_stop_no_hit(make_site):
    """Browsers send them with everything."""
    site = make_site()

    verdicts = [site.get("/all", Cookie=cookie).headers["x-cache"] for cookie in ("a=1", "b=2", "c=3")]

    assert verdicts == ["MISS", "HIT", "HIT"]


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
def test_vary_makes_pages_personal(make_site, header):
    """Each user has a page of their own, and keeps it."""
    site = make_site()
    site.dyno.does(personal(header, "public, max-age=60", Vary=header))

    for _ in range(4):
        for user in ("user=ann", "user=bob"):
            assert site.get("/me", **{header: user}).text == user
    assert site.dyno.served == 2


def test_a_first_visitors_cookie_is_nobody_elses(make_site):
    """A page that begins a session is not kept, though it is public."""
    site = make_site()
    site.dyno.does(lambda _path, _headers: marked("public, max-age=60", Set_Cookie=f"session={site.dyno.served}"))

    assert len({site.get("/").headers["set-cookie"] for _ in range(6)}) == 6


def test_a_private_page_beside_a_public_one(make_site):
    """Each at its own address."""
    site = make_site()
    site.dyno.does(
        lambda path, headers: marked(
            "private" if path == "/me" else "public, max-age=60", body=str(headers["Cookie"]).encode()
        )
    )

    for number in range(4):
        site.get("/all", Cookie=f"user={number}")
        assert site.get("/me", Cookie=f"user={number}").text == f"user={number}"


def test_a_request_id_is_not_shown_to_others(make_site):
    """Apps echo it; a hit has none of the first visitor's."""
    site = make_site()
    site.dyno.does(lambda _path, headers: marked("public, max-age=60", X_Request_Id=headers["X-Request-Id"]))

    first, *others = [site.get("/") for _ in range(5)]

    assert "x-request-id" in first.headers
    assert not [answer for answer in others if "x-request-id" in answer.headers]


def test_two_apps_with_the_same_paths(make_site):
    """Each has its own pages, hot or not."""
    one, other = make_site(name="one"), make_site(name="other")

    for path in ("/", "/same", "/same?a=1") * 5:
        assert one.get(path).text.startswith("one ")
        assert other.get(path).text.startswith("other ")


def test_an_app_that_takes_over_a_host_has_none_of_its_pages(make_site):
    """The key is the app's, not the host's alone."""
    one, other = make_site(name="one"), make_site(name="other")
    one.verdicts("/x", times=5)

    one.table.apps[other.id]["hosts"] = one.table.apps[one.id].pop("hosts")
    one.table.apps[one.id]["hosts"] = []
    one.table.push()

    assert one.get("/x").text.startswith("other ")


@pytest.mark.parametrize("name", INTERNAL)
def test_clients_cannot_forge_what_the_parts_tell_each_other(make_site, name):
    """Another app's pages, another generation, an address: the edge says it, whatever a client says."""
    one, other = make_site(name="one"), make_site(name="other")
    for site in (one, other):
        site.verdicts("/f", times=3)
    forged = {
        "App": other.id,
        "Key": "1-0",
        "For": "192.0.2.1",
        "Away": "1",
        "Tried": "done",
        "Verdict": "HIT",
        "Odd": "1",
        "Ban": ".",
    }

    answers = [
        one.get("/f", **{f"X-Nomapaas-{name}": forged[name]}),
        one.get("/f", **{f"x-nomapaas-{name.lower()}": forged[name]}),
        one.get("/new" + name, **{f"X-Nomapaas-{name}": forged[name]}),
        one.get("/f", **{f"X_Nomapaas_{name}".replace("_", "\u005f"): forged[name]}),
    ]

    assert all(answer.text.startswith("one ") for answer in answers)
    assert answers[2].headers["x-cache"] == "MISS"
    assert "192.0.2.1" not in one.dyno.requests[-1][2]["X-Forwarded-For"]
    assert other.verdicts("/f", times=1) == ["HIT"]


def test_apps_cannot_forge_what_the_parts_tell_each_other(make_site, cached_edge):
    """No H-code, no other app's page, no lever of nginx', no verdict by an app's header."""
    one, other = make_site(name="one"), make_site(name="other")
    other.verdicts("/f", times=3)
    forged = {
        "X-Nomapaas-Code": "H99",
        "X-Nomapaas-Dyno": "web.9 9ms",
        "X-Nomapaas-App": other.id,
        "X-Nomapaas-Url": f"{other.host}/f",
        "X-Nomapaas-Away": "1",
        "X-Nomapaas-Broken": "1",
        "X-Nomapaas-While": "9999",
        "X-Accel-Redirect": "/f",
        "X-Accel-Expires": "3600",
        "X-Cache": "HIT",
    }
    one.dyno.says(Answer(headers={"Cache-Control": "public, max-age=60"} | forged))

    answers = [one.get("/f") for _ in range(4)]

    assert [answer.headers.get_list("x-cache") for answer in answers] == [["MISS"], ["HIT"], ["HIT"], ["HIT"]]
    assert all(answer.text.startswith("one ") and answer.status_code == 200 for answer in answers)
    assert cached_edge.line(one.id, "cache=miss", "at=info", "dyno=web.1")
    assert not [name for answer in answers for name in answer.headers if name.startswith(("x-nomapaas", "x-accel"))]
    cached_edge.purge(one.id, "/f")
    assert other.verdicts("/f", times=1) == ["HIT"]


def test_an_app_cannot_keep_a_page_by_nginx_levers(make_site):
    """X-Accel-Expires of an app has no effect, kept by Varnish or not."""
    site = make_site(Answer(headers={"X-Accel-Expires": "3600", "Cache-Control": "private"}))

    assert site.verdicts(times=5) == ["PASS"] * 5
    assert site.dyno.served == 5
