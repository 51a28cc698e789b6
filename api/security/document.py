"""What OpenAPI says of keys."""

from typing import Any

from fastapi import FastAPI

from api.security.scopes import needed
from api.security.sessions import COOKIE

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key: tl_..."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}


def install(app: FastAPI) -> None:
    """Have the document name, of each operation, the ways to show a key, and the scope it needs."""
    write = app.openapi

    def openapi() -> dict[str, Any]:
        is_known = app.openapi_schema is not None
        document = write()
        if not is_known:
            document.setdefault("components", {})["securitySchemes"] = SCHEMES
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    if scope := needed(method.upper(), path):
                        operation["security"] = [{name: [scope]} for name in SCHEMES]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
