"""Who gets in, and what a change needs."""

from pathlib import Path

from seestackd.operations import audit, logins
from seestackd.store.listings import Page as Part
from seestackd.web.server import WebSettings
from tests.pages.conftest import PASSWORD, House, house

HOUR = 3_600_000


async def test_without_a_password_this_machine_gets_in_and_is_told(open_house: House) -> None:
    page = await open_house.get("/")

    assert page.status == 200
    assert "No password is set" in page.text
    assert "seestackd passwd" in page.text


async def test_without_a_password_nobody_else_gets_in(tmp_path: Path) -> None:
    async with house(tmp_path, local_only=False) as reachable:
        page = await reachable.get("/")

    assert page.status == 403
    assert "seestackd passwd" in page.text
    assert "nightly" not in page.text


async def test_another_name_for_this_machine_does_not_open_it(open_house: House) -> None:
    assert (await open_house.get("/", Host="evil.example")).status == 403
    assert (await open_house.get("/", Host="[::1")).status == 403, "half an address is none"
    assert (await open_house.get("/", X_Forwarded_For="203.0.113.9")).status == 403
    assert (await open_house.get("/", Host="localhost:8080")).status == 200


async def test_a_login_opens_every_page_and_leads_back(locked: House) -> None:
    turned_away = await locked.get("/?q=night")
    form = await locked.get(turned_away.headers["Location"])
    entered = await locked.post("/login", {"csrf": form.token, "password": PASSWORD, "next": "/?q=night"})

    assert turned_away.status == 303
    assert turned_away.headers["Location"] == "/login?next=%2F%3Fq%3Dnight"
    assert (entered.status, entered.headers["Location"]) == (303, "/?q=night")
    assert (await locked.get("/")).status == 200
    cookie = next(text for text in entered.headers.getall("Set-Cookie") if "seestackd_session" in text)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_a_wrong_password_is_refused_and_the_sixth_try_waits(locked: House) -> None:
    answers = [await locked.log_in("wrong wrong") for _ in range(5)]
    sixth = await locked.log_in()
    locked.clock.at += 61_000
    later = await locked.log_in()

    assert [answer.status for answer in answers] == [401] * 5
    assert sixth.status == 429
    assert int(sixth.headers["Retry-After"]) <= 60
    assert later.status == 303


async def test_a_session_ends_after_twelve_idle_hours_and_after_seven_days(locked: House) -> None:
    await locked.log_in()
    locked.clock.at += 12 * HOUR + 1
    assert (await locked.get("/")).status == 303

    await locked.log_in()
    for _ in range(14):
        locked.clock.at += 11 * HOUR
        assert (await locked.get("/")).status == 200
    locked.clock.at += 15 * HOUR
    assert (await locked.get("/")).status == 303


async def test_logging_out_ends_the_session_on_the_server(locked: House) -> None:
    await locked.log_in()
    page = await locked.get("/")
    kept = locked.cookie("seestackd_session")
    await locked.post("/logout", {"csrf": page.token})

    locked.session.cookie_jar.update_cookies({"seestackd_session": kept})
    assert (await locked.get("/")).status == 303


async def test_another_password_ends_every_session(locked: House) -> None:
    await locked.log_in()
    await locked.runner.run(logins.set_password, "scrypt$2$1$1$MDA=$MDA=")

    assert (await locked.get("/")).status == 303


async def test_a_password_in_the_database_is_hashed_and_sessions_are_too(locked: House, tmp_path: Path) -> None:
    await locked.log_in()
    token = locked.cookie("seestackd_session")
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert PASSWORD.encode() not in stored
    assert token.encode() not in stored


async def test_a_login_is_in_the_audit_log(locked: House) -> None:
    await locked.log_in()

    entries, _ = await locked.runner.read(audit.listed, audit.ListAudit(locked.project_id, Part(0, 5)))
    assert [(entry.actor, entry.source, entry.action) for entry in entries] == [
        ("dashboard (admin)", "127.0.0.1", "login")
    ]


async def test_every_change_needs_the_token_and_the_same_origin(open_house: House) -> None:
    page = await open_house.get("/")
    posts = {path for method, path in open_house.paths if method in ("POST", "PUT", "DELETE", "PATCH")}
    changing = {path for path in posts if not path.startswith("/api/")}

    assert len(changing) >= 3
    for path in changing:
        path = path.replace("{slug}", "nightly").replace("{number}", "1").replace("{name}", "x").replace("{id}", "1")
        good = {"csrf": page.token}
        assert (await open_house.post(path, {})).status == 403, path
        assert (await open_house.post(path, {"csrf": "00" * 32})).status == 403, path
        assert (await open_house.post(path, good, origin=None)).status == 403, path
        assert (await open_house.post(path, good, origin="https://evil.example")).status == 403, path
        assert (await open_house.post(path, good, origin="https://[::1")).status == 403, path
        assert (await open_house.post(path, good, Sec_Fetch_Site="cross-site")).status == 403, path
        assert (await open_house.post(path, good, Sec_Fetch_Site="same-site")).status == 403, path


async def test_a_proxy_names_who_is_logged_in_only_from_a_listed_address(tmp_path: Path) -> None:
    options = {"user_header": "Remote-User", "local_only": False}
    async with house(tmp_path, password=PASSWORD, user_header_from=("127.0.0.1",), **options) as believed:
        assert (await believed.get("/", Remote_User="kim")).status == 200
        assert (await believed.get("/")).status == 303
    (tmp_path / "other").mkdir()
    async with house(tmp_path / "other", password=PASSWORD, user_header_from=("10.0.0.0/8",), **options) as unlisted:
        assert (await unlisted.get("/", Remote_User="kim")).status == 303


async def test_links_begin_with_the_sub_path(tmp_path: Path) -> None:
    proxied = WebSettings(trusted_proxies=("127.0.0.1",))
    options = {"public_url": "https://mon.example/mon", "password": PASSWORD}
    async with house(tmp_path, proxied, **options) as behind:
        turned_away = await behind.get("/mon/?q=a", X_Forwarded_Proto="https")
        form = await behind.get("/login", X_Forwarded_Proto="https")
        sent = {"csrf": form.token, "password": PASSWORD, "next": "//evil.example/"}
        visitor = form.headers["Set-Cookie"].partition(";")[0]
        entered = await behind.post(
            "/login", sent, origin="https://mon.example", X_Forwarded_Proto="https", Cookie=visitor
        )
        told = await behind.get("/login", X_Forwarded_Prefix="/elsewhere")

    assert turned_away.headers["Location"] == "/mon/login?next=%2F%3Fq%3Da"
    assert 'action="/mon/login"' in form.text
    assert 'href="/mon/static/app.' in form.text
    assert 'action="/elsewhere/login"' in told.text
    assert entered.headers["Location"] == "/mon/", "never to another site"
    cookie = next(text for text in entered.headers.getall("Set-Cookie") if "session" in text)
    assert cookie.startswith("__Host-seestackd_session=")
    assert "Secure" in cookie


async def test_a_sub_path_may_be_called_like_something_of_ours(tmp_path: Path) -> None:
    async with house(tmp_path, public_url="http://mon.example/m") as behind:
        assert (await behind.get("/m/nightly")).status == 200
        assert 'href="/m/m/nightly"' in (await behind.get("/")).text
    (tmp_path / "other").mkdir()
    async with house(tmp_path / "other", public_url="http://mon.example/mon") as behind:
        for path in ("/mon", "/mon/", "/mon/m/nightly", "/m/nightly", "/mon/livez", "/mon/docs"):
            assert (await behind.get(path)).status == 200, path
        assert (await behind.get("/mon/mon/")).status == 404
        assert (await behind.get("/monster")).status == 404


async def test_a_page_that_is_not_there_is_a_friendly_one(open_house: House) -> None:
    page = await open_house.get("/nowhere", Accept="text/html")
    call = await open_house.get("/nowhere")

    assert page.status == 404
    assert "There is no such page" in page.text
    assert call.headers["Content-Type"] == "application/json"
