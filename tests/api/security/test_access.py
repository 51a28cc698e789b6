"""Every route, and who may ask it."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.security.keys import SCOPES, Scope
from api.security.scopes import RULES, needed, rule
from tests.api.harness import make_service, served
from tests.api.security.harness import bearer, every_route, guarded, issue
from tests.api.test_errors import problem

ROUTES = sorted(set(every_route(create_app(make_service()))))
JUDGE_THEMSELVES = ("/session", "/webhook/github")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_table_knows_every_route(method: str, path: str) -> None:
    assert rule(method, path) is not None


def test_the_routes_that_need_no_key_are_these() -> None:
    free = {(method, path) for method, path in ROUTES if needed(method, path) is None}
    assert free <= {
        *(("GET", "/health"), ("GET", "/ready"), ("GET", "/"), ("GET", "/static/{path}")),
        *(("GET", "/static/vendor/{name}"), ("POST", "/session"), ("DELETE", "/session")),
        ("POST", "/webhook/github"),
    }


def test_what_the_table_does_not_know_is_for_few() -> None:
    assert (needed("GET", "/new"), needed("POST", "/new")) == ("read", "admin")
    assert needed("POST", "/api/symbols") == "admin"
    assert needed("GET", "/healthy") == "read", "a rule is for whole words of a path"


def test_metrics_are_for_admins_alone() -> None:
    assert {needed("GET", path) for path in ("/metrics", "/api/metrics")} == {"admin"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[Scope | None, str]:
    path = tmp_path_factory.mktemp("keys") / "keys"
    made: dict[Scope | None, str] = {scope: issue(path, scope) for scope in SCOPES}
    return {None: str(path), **made}


@pytest.fixture(scope="module")
def address(keys: dict[Scope | None, str]) -> Iterator[str]:
    with served(guarded(Path(keys[None]), api_limits="off")) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), [each for each in ROUTES if each[1] != "/ws"])
@pytest.mark.parametrize("scope", [None, *SCOPES])
def test_every_route_is_for_its_scope_alone(
    client: httpx.Client,
    keys: dict[Scope | None, str],
    method: str,
    path: str,
    scope: Scope | None,
) -> None:
    headers = bearer(keys[scope]) if scope else {}
    place = re.sub(r"{.*?}", "x", path)
    # Headers are enough: what streams does not end.
    with client.stream(method, place, headers=headers) as answer:
        wanted = needed(method, path)
        if wanted is None:
            assert answer.status_code not in (401, 403) or path in JUDGE_THEMSELVES
        elif scope is None:
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Bearer realm="tapeline"'
        elif wanted != scope:
            assert answer.status_code == 403
            assert f'scope="{wanted}"' in answer.headers["www-authenticate"]
            answer.read()
            if method != "HEAD":
                assert f"the scope {wanted}, yours has {scope}" in problem(answer).detail
        else:
            assert answer.status_code not in (401, 403)


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_comes_in_either_header(
    client: httpx.Client, keys: dict[Scope | None, str], header: str
) -> None:
    value = keys["read"] if header == "X-API-Key" else f"bearer {keys['read']}"
    assert client.get("/api/symbols", headers={header: value}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer tl_0123456789abcdef_x"},
        {"Authorization": "Bearer"},
        {"X-API-Key": ""},
        {"Cookie": "tapeline_session=x"},
    ],
)
def test_what_is_no_key_is_told_so(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.get("/api/symbols", headers=headers)
    assert problem(answer).type == "urn:tapeline:unauthorized"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_another_kind_of_authorization_is_no_key(
    client: httpx.Client, keys: dict[Scope | None, str]
) -> None:
    headers = {"Authorization": f"Basic {keys['read']}"}
    assert client.get("/api/symbols", headers=headers).status_code == 401


@pytest.mark.parametrize("place", ["/api/symbols?key={}", "/api/candles/{}", "/{}?a=b"])
def test_a_key_in_a_url_is_refused_even_if_it_is_good(
    client: httpx.Client, keys: dict[Scope | None, str], place: str
) -> None:
    for text in (
        keys["read"],
        keys["read"].replace("_", "%5f", 1),
        keys["read"].replace("l", "%6C", 1),
    ):
        answer = client.get(place.format(text), headers=bearer(keys["read"]))
        assert problem(answer).type == "urn:tapeline:key-in-url"
        assert text not in answer.text


def test_other_ways_to_write_a_path_lead_nowhere_else(
    client: httpx.Client, keys: dict[Scope | None, str]
) -> None:
    for path in (
        "//metrics",
        "/metrics/",
        "/Metrics",
        "/static/../metrics",
        "/%6Detrics",
        "/;/metrics",
    ):
        url = httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode())
        answer = client.get(url, headers=bearer(keys["read"]))
        assert answer.status_code in (403, 404), path
        assert "tapeline_api" not in answer.text
        assert "tapeline_api" not in client.get(url).text


def test_every_rule_is_for_something() -> None:
    for each in RULES:
        assert any(each.covers(*route) for route in ROUTES), each


def test_no_key_is_good_while_the_file_is_broken(path: Path) -> None:
    key = issue(path, "read")
    with (
        served(guarded(path)) as address,
        httpx.Client(base_url=address, trust_env=False, headers=bearer(key)) as client,
    ):
        assert client.get("/api/symbols").status_code == 200
        whole = path.read_bytes()
        path.write_bytes(b"{")
        assert problem(client.get("/api/symbols")).type == "urn:tapeline:keys-unreadable"
        path.write_bytes(whole)
        assert client.get("/api/symbols").status_code == 200


def test_a_service_on_the_loopback_interface_asks_for_nothing() -> None:
    with served(make_service()) as address:
        assert httpx.get(f"{address}/api/symbols", trust_env=False).status_code == 200
        assert httpx.post(f"{address}/session", trust_env=False).status_code == 409
