"""Hostile requests over every route of the table: refused or inert, and the canary is untouched.

The routes are enumerated, so that a new one cannot escape. A canary lies beside the store, one in
the run's folder behind a link, and one in the token: none of them is ever in an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from helpers.asgi import HOST, ORIGIN, Answer, Client
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.assets import saved_views
from homerun.studio import routes
from homerun.studio.http import middleware
from homerun.studio.routes import EVENTS, Route

from .conftest import Shelf

CANARY = "canary-7f3a1c"
TOKEN = "token-" + CANARY
XSS = "<img src=x onerror=alert(1)>\"'`</script><script>alert(1)</script>"
LOG = "user_logs/std_log.txt"

HOSTS = (
    *("evil.example", "evil.example:8765", "127.0.0.1.evil.example:8765", ""),
    *("127.0.0.1:8765.evil.example", "[::1]evil:8765", "<b>evil", "evil&lt;:1"),
    *("localhost:8765@evil.example", "0.0.0.0:8765", "10.0.0.1:8765", "127.1:8765", "8765"),
    *(
        "localhost:\uff18\uff17\uff16\uff15",
        "localhost:8765 evil.example",
        "localhost.:8765",
        "[::ffff:127.0.0.1]:8765",
    ),
)
ORIGINS = (
    *("http://evil.example", "null", "http://127.0.0.1:1", "http://localhost:9999", "file://"),
    *(f"{ORIGIN}.evil.example", f"http://evil.example/{HOST}", f"ftp://{HOST}", HOST, ""),
    *(
        f"http://evil@{HOST}",
        f"http://{HOST}@evil.example",
        "http://127.0.0.1",
        "https://localhost",
    ),
)
SITES = ("cross-site", "same-site", "none", "evil")
KINDS = (
    *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"),
    *("application/jsonp", "text/plain; application/json", "application/xml"),
)
STEPS = (
    *("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%252f", "%252e%252e%252f", "..\\", "..%5c"),
    *("....//", "..;/", "..%00/", "%c0%ae%c0%ae/", "%ef%bc%8e%ef%bc%8e/", "..%c0%af", "\u2025/"),
    *("./../", "outputs/../../", "outputs%2f..%2f..%2f", "//", "/../", "%2f%2e%2e%2f", "~/"),
)
NAMES = (
    *("/etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "outputs/link", "outputs/folder/x"),
    *(
        "run.json",
        "../run.json",
        "alive",
        ".",
        "..",
        "outputs",
        "outputs/",
        "%00",
        "outputs/a%00.txt",
    ),
    *("outputs//page.html", "files/../run.json", "C:%5cWindows", "%ff%fe", "a" * 5000, "%ED%A0%80"),
    *(
        "logs/../../run.json",
        "user_logs/../run.json",
        "work/train.py",
        "properties/x",
        "*",
        "outputs/*",
    ),
)


class House:
    """A run with odd names, and canaries around it."""

    def __init__(self, shelf: Shelf, run: Run, outside: Path) -> None:
        self.shelf = shelf
        self.client = shelf.sign_in()
        self.run = run
        self.outside = outside

    def check(self, answer: Answer) -> Answer:
        """An answer that gives nothing away, and that no browser runs."""
        assert CANARY not in answer.body.decode("utf-8", "replace")
        assert CANARY not in str(answer.pairs)
        assert "Traceback" not in answer.body.decode("utf-8", "replace")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "unsafe-inline' 'self'" not in answer.headers["content-security-policy"]
        assert "script-src *" not in answer.headers["content-security-policy"]
        assert not any(name.startswith("access-control-") for name in answer.headers)
        return answer

    def check_untouched(self) -> None:
        """Whether canaries and run are as they were."""
        assert self.outside.read_text() == CANARY
        assert sorted(one.name for one in self.outside.parent.iterdir()) == ["canary.txt"]
        assert self.run.get_tags() == {XSS: XSS}


@pytest.fixture
def house(
    shelf: Callable[..., Shelf], script: Callable[..., Path], tmp_path: Path
) -> Iterator[House]:
    outside = tmp_path / "outside" / "canary.txt"
    outside.parent.mkdir()
    outside.write_text(CANARY)
    source = f"""
        import os
        from homerun import Run

        run = Run.get_context()
        run.log({XSS!r}, 1)
        run.log("note", {XSS!r})
        run.log({XSS!r}, float("nan"))
        run.log_params({{{XSS!r}: {XSS!r}}})
        run.child_run(name={XSS!r}).fail({XSS!r})
        os.symlink({str(outside)!r}, "outputs/link")
        os.symlink({str(outside.parent)!r}, "outputs/folder")
        os.symlink({str(outside)!r}, "logs/link.txt")
        open("outputs/page.html", "w").write({XSS!r})
        open("outputs/image.svg", "w").write("<svg onload='alert(1)'/>")
        open("outputs/fake.png", "w").write({XSS!r})
        open("outputs/" + {XSS.replace("/", "-")!r}, "w").write("x")
        print({XSS!r})
    """
    script("train.py", source)
    config = ScriptRunConfig("source", "train.py", [XSS])
    run = Experiment(Workspace.from_config(), "odd").submit(config, {XSS: XSS})
    run.wait_for_completion()
    run.display_name = run.description = XSS
    run.register_model("note", "outputs", tags={XSS: XSS}, description=XSS)
    query = {"experiment": ["odd"], "where": [f"tags.x = {XSS!r}"], "base": [XSS], XSS: [XSS]}
    saved_views.save_view(run.experiment.workspace.store, XSS, "runs", query)
    made = House(shelf(token=TOKEN), run, outside)
    yield made
    made.check_untouched()


def addresses(route: Route, run_id: str) -> str:
    """An address of a route that is right, as far as its parameters go."""
    named = {"file": "outputs/page.html", "log": LOG, "name": "note", "field": "status", "q": "x"}
    named.update(run=run_id, other=run_id, metric="loss", line="1", folder="outputs")
    given = [
        f"{one.name}={quote(named[one.name])}"
        for one in route.params
        if one.name in named and route.method == "GET"
    ]
    if route.path == "importance":
        given.append(f"run={run_id}")  # it is of several
    return f"/api/{route.path.replace('{id}', run_id)}?{'&'.join(given)}"


SESSIONS = ("login", "logout", "ticket")
"""What says who asks; these have tests of their own, too."""


def every(method: str) -> list[Route]:
    """All routes of a method, but for the stream, which has no end, and those of the session."""
    left_out = [one for one in routes.every() if one.gives == EVENTS or one.path in SESSIONS]
    return [one for one in routes.every() if one.method == method and one not in left_out]


def ask(client: Client, route: Route, run_id: str, **headers: Any) -> Answer:
    """A request that would be right without these headers."""
    kind = {"content-type": "application/json", "origin": ORIGIN} if route.method == "POST" else {}
    body = json.dumps({"ids": [run_id], "tags": {"hacked": CANARY}}).encode()
    given = {**kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.request(route.method, addresses(route, run_id), given, body)


def test_no_route_answers_a_wrong_host(house: House) -> None:
    for route in routes.every():
        for host in HOSTS:
            answer = house.check(ask(house.client, route, house.run.id, host=host))
            assert (answer.status, answer.error) == (421, "wrong_host")
    for path in ("/", "/login?code=x", "/assets/app-1.js"):
        assert house.client.get(path, {"host": "evil.example"}).status == 421


def test_no_route_answers_a_stranger(house: House) -> None:
    for route in routes.every():
        if route.path == "login":
            continue  # the one that lets people in
        for cookie in ("", "x=y", f"{house.shelf.desk.door.cookie}=wrong", "homerun_=; ; =;;"):
            answer = house.check(ask(house.client, route, house.run.id, cookie=cookie))
            assert (answer.status, answer.error) == (401, "signed_out")


def test_no_route_answers_another_site(house: House) -> None:
    for route in routes.every():
        for origin in ORIGINS:
            answer = house.check(ask(house.client, route, house.run.id, origin=origin))
            assert (answer.status, answer.error) == (403, "refused")
        for site in SITES:
            if site == "none" and route.method == "GET":
                continue  # typed by a person
            answer = house.check(ask(house.client, route, house.run.id, sec_fetch_site=site))
            assert (answer.status, answer.error) == (403, "refused")


def test_no_write_goes_without_an_origin_or_as_anything_but_json(house: House) -> None:
    for route in routes.every():
        if route.method != "POST":
            continue
        assert ask(house.client, route, house.run.id, origin=None).status == 403
        for kind in KINDS:
            answer = house.check(ask(house.client, route, house.run.id, content_type=kind))
            assert (answer.status, answer.error) == (415, "not_json")


def test_nothing_is_written_by_reading(house: House) -> None:
    for route in routes.every():
        if route.method == "POST":
            for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post"):
                answer = house.client.request(method, addresses(route, house.run.id))
                assert answer.status in (404, 405)
    house.check_untouched()


def test_no_body_breaks_a_write(house: House) -> None:
    headers = {"content-type": "application/json", "origin": ORIGIN}
    bodies = (
        *(b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"ids": NaN}', b"[" * 100_000),
        *(b'{"ids": {}}', b'{"ids": [{}]}', b'{"ids": "x"}', b'{"ids": [1e999]}', b'{"ids": []}'),
        *(b'{"ids": ["../x"], "tags": []}', b'{"target": 3}', b'{"token": {}}', b"1" * 5_000),
        *(b'{"ids": ["\\ud800"], "target": "\\ud800", "experiment": "\\ud800", "script": "x"}',),
        *(b'{"ids": ["a\\u0000"], "target": "\\u0000", "experiment": "e", "script": "\\u0000"}',),
        *(b'{"target": "../../x", "experiment": "../../x", "script": "../../x.py"}',),
    )
    for route in every("POST"):
        for body in bodies:
            target = addresses(route, house.run.id)
            answer = house.check(house.client.request("POST", target, headers, body))
            assert answer.status in (400, 200), (target, body[:60], answer)
            if answer.status == 200:
                assert answer.json.get("done") == [], (target, body, answer)


def test_a_body_is_not_read_beyond_its_limit(house: House) -> None:
    headers = {"content-type": "application/json", "origin": ORIGIN}
    large = b"x" * (middleware.MOST_BODY // 2 + 1)
    for route in routes.every():
        if route.method == "POST":
            target = addresses(route, house.run.id)
            answer = house.client.parts("POST", target, headers, [large, large, large])
            assert (answer.status, answer.error) == (413, "too_large")
            for length in ("99999999999", "-1", "x", "1e9"):
                told = {**headers, "content-length": length}
                assert house.client.request("POST", target, told, b"{}").status == 413
            assert house.client.parts("POST", target, headers, [b"{", None]).status == 400


def test_a_body_that_does_not_come_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_WAITS_S", 0.01)
    headers = {"content-type": "application/json", "origin": ORIGIN}
    for route in routes.every():
        if route.method == "POST":
            target = addresses(route, house.run.id)

            async def never() -> Answer:
                return await house.client.unfinished("POST", target, headers)  # noqa: B023

            assert house.client.wait(never()).status == 408


def test_no_name_leads_out_of_a_run(house: House) -> None:
    far = quote(str(house.outside)).lstrip("/")
    targets = [step * 8 + far for step in STEPS] + [step * 3 + "run.json" for step in STEPS]
    tried = 0
    for route in every("GET"):
        for name in {"file", "folder", "log"} & {one.name for one in route.params}:
            base = f"/api/{route.path.replace('{id}', house.run.id)}?q=a&end=1&{name}="
            for target in (*targets, *NAMES):
                answer = house.check(house.client.get(base + quote(target, safe="%/")))
                is_right = name == "folder" and target.rstrip("/") == "outputs"
                assert answer.status in ((200,) if is_right else (400, 404)), (base, target, answer)
                tried += 1
    assert tried > 300


def test_no_path_leads_out_of_the_server(house: House) -> None:
    far = quote(str(house.outside)).lstrip("/")
    for step in STEPS:
        for base in ("/", "/assets/", "/api/", "/api/runs/", f"/api/runs/{house.run.id}/"):
            for target in (step * 8 + far, step * 8 + "etc/passwd", step + "run.json"):
                answer = house.check(house.client.get(base + target))
                assert answer.status in (400, 404, 409), (base + target, answer)
                assert "root:" not in answer.text


def test_an_answer_with_odd_names_is_inert(house: House) -> None:
    for route in every("GET"):
        check_inert(house, route)


def check_inert(house: House, route: Route) -> None:
    answer = house.check(house.client.get(addresses(route, house.run.id)))
    assert answer.status in (200, 404), answer
    kind = answer.headers["content-type"]
    is_kept = answer.headers.get("content-disposition", "").startswith("attachment")
    assert is_kept or kind in ("application/json", "application/x-ndjson")
    if is_kept:
        assert re.fullmatch(
            r"attachment; filename=\"[A-Za-z0-9._-]+\"; filename\*=UTF-8''[A-Za-z0-9._%~-]+",
            answer.headers["content-disposition"],
        )
    assert "html" not in kind
    assert "svg" not in kind


def test_a_file_that_is_no_image_is_never_shown(house: House) -> None:
    names = ("page.html", "image.svg", "fake.png", XSS.replace("/", "-"))
    for name, more in product(names, ("", "&download=1")):
        file = quote(f"outputs/{name}", safe="")
        answer = house.check(house.client.get(f"/api/runs/{house.run.id}/file?file={file}{more}"))
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert answer.headers["content-security-policy"].startswith("sandbox")
        assert "\n" not in answer.headers["content-disposition"]


def test_no_value_breaks_a_parameter(house: House) -> None:
    values = (
        *("", "%00", "-1", "1e999", "nan", "9" * 400, "%ff", "%ED%A0%80", quote(XSS), "a" * 5000),
        *("' OR 1=1 --", "%27%29%3B DROP TABLE runs", "tags.%27x", "metrics.x.last < 1", "()", "~"),
    )
    for route in every("GET"):
        path = route.path.replace("{id}", house.run.id)
        for param in route.params:
            for value in values:
                target = f"/api/{path}?{param.name}={quote(value, safe='%')}"
                answer = house.check(house.client.get(target))
                assert answer.status in (200, 400, 404), (target, answer)
        many = "&".join(["x=1"] * 5_000)
        assert house.client.get(f"/api/{path}?{many}").status == 400


def test_nothing_is_changed_where_studio_may_only_read(
    house: House, shelf: Callable[..., Shelf]
) -> None:
    client = shelf(read_only=True).sign_in()
    for route in every("POST"):
        answer = house.check(ask(client, route, house.run.id))
        assert (answer.status, answer.error) == (403, "read_only")
    for route in every("GET"):
        assert ask(client, route, house.run.id).status in (200, 404)


def test_a_header_that_is_given_twice_is_refused(house: House) -> None:
    app, scope = house.shelf.app, house.client._scope("GET", "/api/info", {})
    for name, value in ((b"host", b"evil.example"), (b"origin", b"null"), (b"origin", b"x")):
        twice = {**scope, "headers": [*scope["headers"], (name, value), (name, value)]}
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)  # noqa: B023

        house.client.wait(app(twice, None, send))
        assert sent[0]["status"] in (400, 421)


def test_a_websocket_is_closed(house: House) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    house.client.wait(house.shelf.app({"type": "websocket", "path": "/"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
