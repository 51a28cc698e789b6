"""The page: static files, and the one library it needs from npm."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"
LIBRARY = HERE / "node_modules" / "lightweight-charts"
VENDOR = {
    "lightweight-charts.mjs": (
        LIBRARY / "dist" / "lightweight-charts.standalone.production.mjs",
        "text/javascript",
    ),
    "lightweight-charts.LICENSE": (LIBRARY / "LICENSE", "text/plain"),
}

# Revalidate each time: the files are small, and a page must match the service that answers it.
NO_CACHE = {"Cache-Control": "no-cache"}
# The page may reach nothing but its own service. The chart library sets styles of its own.
POLICY = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> FileResponse:
    """The page."""
    return FileResponse(STATIC / "index.html", headers=NO_CACHE | POLICY)


@router.get("/static/vendor/{name}")
def vendor(name: str) -> FileResponse:
    """A file of the chart library, as npm installed it."""
    path, media_type = VENDOR.get(name, (None, None))
    if path is None or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=media_type, headers=NO_CACHE)


def missing() -> list[Path]:
    """Files of the library that are not there, because ``npm ci`` was not run in ``api/``."""
    return [path for path, _ in VENDOR.values() if not path.is_file()]


def mount(app: FastAPI) -> None:
    """Serve the page and its files."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
