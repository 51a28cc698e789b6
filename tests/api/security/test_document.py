"""OpenAPI tells who needs which key."""

from pathlib import Path

from api.app import create_app
from api.security.scopes import needed
from tests.api.harness import make_service
from tests.api.security.harness import guarded, issue


def test_each_operation_names_its_scope_and_every_way_to_show_a_key(tmp_path: Path) -> None:
    issue(tmp_path / "keys", "read")
    document = create_app(guarded(tmp_path / "keys")).openapi()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header", "session"}
    scopes = {
        (method, path): [scope for way in each.get("security", []) for scope in way.values()]
        for path, operations in document["paths"].items()
        for method, each in operations.items()
    }
    assert scopes["get", "/api/candles/{symbol}"] == [["read"]] * 3
    assert scopes["post", "/upload"] == [["write"]] * 3
    assert scopes["get", "/health"] == scopes["post", "/webhook/github"] == []
    for (method, path), found in scopes.items():
        wanted = needed(method.upper(), path)
        assert found == ([[wanted]] * 3 if wanted else [])


def test_where_no_keys_are_asked_for_none_are_named() -> None:
    document = create_app(make_service()).openapi()
    assert "securitySchemes" not in document["components"]
    assert not any(
        "security" in each for path in document["paths"].values() for each in path.values()
    )
