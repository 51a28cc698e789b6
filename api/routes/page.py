"""The page and the API's documentation: static files, and the libraries they need from npm."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"
CHARTS = HERE / "node_modules" / "lightweight-charts"
SWAGGER = HERE / "node_modules" / "swagger-ui-dist"
VENDOR = {
    "lightweight-charts.mjs": (
        CHARTS / "dist" / "lightweight-charts.standalone.production.mjs",
        "text/javascript",
    ),
    "lightweight-charts.LICENSE": (CHARTS / "LICENSE", "text/plain"),
    "swagger-ui.js": (SWAGGER / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (SWAGGER / "swagger-ui.css", "text/css"),
}

# Revalidate each time: the files are small, and a page must match the service that answers it.
NO_CACHE = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> FileResponse:
    """The page."""
    return FileResponse(STATIC / "index.html", headers=NO_CACHE)


@router.get("/docs")
def docs() -> FileResponse:
    """The documentation of the API; FastAPI's own has scripts in it, and loads others'."""
    return FileResponse(STATIC / "docs.html", headers=NO_CACHE)


@router.get("/static/vendor/{name}")
def vendor(name: str) -> FileResponse:
    """A file of a library, as npm installed it."""
    path, media_type = VENDOR.get(name, (None, None))
    if path is None or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=media_type, headers=NO_CACHE)


def missing() -> list[Path]:
    """Files of the libraries that are not there, because ``npm ci`` was not run in ``api/``."""
    return [path for path, _ in VENDOR.values() if not path.is_file()]


def mount(app: FastAPI) -> None:
    """Serve the page and its files."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
