"""Several projects on one dashboard: which is shown, and that nothing acts on another."""

import re
from dataclasses import replace
from typing import Any

from seestackd.core.alerts import Routing
from seestackd.core.monitor import new_monitor
from seestackd.operations import keys, monitors
from seestackd.operations.projects import AddProject, Viewer
from seestackd.operations.projects import add as add_project
from tests.pages.conftest import House
from tests.pages.test_incidents import give_up, report


async def second(house: House) -> Any:
    """Make a project `shop`, with a monitor that is called like one of the default project's, and one of its own."""
    project = await house.runner.run(add_project, AddProject(Viewer(house.project_id, True), "The <Shop>", "shop"))
    for slug in ("nightly", "orders"):
        new = new_monitor(slug, "1d", name=f"{slug} of the shop")
        await house.runner.run(monitors.add, monitors.AddMonitor(project.id, new, (slug * 22)[1:23]))
    return project


async def test_one_project_offers_no_choice(open_house: House) -> None:
    page = (await open_house.get("/")).text

    assert "project=" not in page
    assert 'aria-label="Projects"' not in page


async def test_a_chosen_project_is_shown_on_every_page_and_remembered(open_house: House) -> None:
    project = await second(open_house)
    secret = "sk_" + "a" * 40
    await open_house.runner.run(keys.create, keys.CreateKey(project.id, "key of the shop", "ingest", secret))
    first = (await open_house.get("/")).text
    orders = "orders of the shop"
    for path, own in (
        ("/", orders), ("/timeline", orders), ("/i", ""), ("/sessions", ""), ("/settings", "key of the shop"),
        ("/summary", orders),
    ):  # fmt: skip
        assert f'{path}?project=shop"' in (await open_house.get("/?project=shop")).text or path == "/summary"
        assert own in (await open_house.get(f"{path}?project=shop")).text
        assert (own not in (await open_house.get(f"{path}?project=default")).text) or not own
    await open_house.get("/?project=shop")

    assert "orders of the shop" not in first
    assert "The &lt;Shop&gt;" in first
    assert "orders of the shop" in (await open_house.get("/")).text


async def test_every_link_and_form_of_a_page_names_its_project(open_house: House) -> None:
    await second(open_house)
    await report(open_house, "failed")
    for path in ("/", "/m/nightly", "/settings", "/i", "/timeline", "/monitors/new", "/i?alerts=all", "/summary"):
        text = (await open_house.get(f"{path}{'&' if '?' in path else '?'}project=default")).text
        text = re.sub(r"<head>.*</head>", "", text, flags=re.DOTALL)
        forms = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.{60})', text, flags=re.DOTALL)
        found = re.findall(r'(?:href|hx-get|sse-connect)="(/[^"]*)"', text)
        astray = [
            link for link in found if "project=" not in link and not re.match(r"/(static|docs|status|badge)", link)
        ]

        assert not astray, path
        assert all("project=default" in action for action, _ in forms), path


async def test_a_change_is_made_in_the_project_of_the_page_whatever_was_opened_since(open_house: House) -> None:
    await second(open_house)
    page = await open_house.get("/m/nightly?project=shop")
    await open_house.get("/?project=default")
    action = re.search(r'action="(/m/nightly/pause[^"]*)"', page.text)
    assert action
    done = await open_house.post(action[1], {"csrf": page.token})

    assert done.headers["Location"] == "/m/nightly?project=shop"
    shown = [(await open_house.get(f"/m/nightly?project={slug}")).text for slug in ("default", "shop")]
    assert ["Paused" in text for text in shown] == [False, True]


async def test_an_incident_is_found_by_its_number_in_any_project(open_house: House) -> None:
    project = await second(open_house)
    await report(replace(open_house, project_id=project.id), "failed", "orders")
    shown = await open_house.get("/i/1")
    asked = await open_house.get("/i/1/silence")
    done = await open_house.post("/i/1/ack", {"csrf": shown.token})

    assert shown.status == asked.status == 200
    assert "/m/orders?project=shop" in shown.text
    assert done.headers["Location"] == "/i/1?project=shop"


async def test_what_was_given_up_in_another_project_stands_where_the_banner_leads(open_house: House) -> None:
    project = await second(open_house)
    open_house.runner.route(Routing(default_channels=("ops",)))
    await report(replace(open_house, project_id=project.id), "failed", "orders")
    await give_up(open_house)

    listed = await open_house.get("/i?alerts=dead&project=default")
    assert "could not be delivered" in listed.text
    assert "orders of the shop" in listed.text


async def test_a_project_that_is_not_there_is_a_friendly_page_and_a_stale_cookie_harmless(open_house: House) -> None:
    open_house.session.cookie_jar.update_cookies({"seestackd_project": "gone"})

    assert (await open_house.get("/")).status == 200
    wrong = await open_house.get("/?project=%3Cb%3E")
    assert wrong.status == 404
    assert "There is no project &lt;b&gt;" in wrong.text
