"""Sessions of browsers: a cookie in return for a key."""

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.security.access import CHALLENGE
from api.security.callers import caller_of
from api.security.install import Doors
from api.security.sessions import COOKIE, LIFE_SECONDS

router = APIRouter(include_in_schema=False)


@router.post("/session", status_code=204)
def begin(request: Request) -> Response:
    """Set the cookie of a session for the key in the header; 204."""
    doors = _doors(request)
    caller = caller_of(request.scope)
    if caller is None or caller.key is None or caller.by_cookie:
        detail = "a good key is needed in Authorization or X-API-Key"
        raise HTTPException(401, detail, {"WWW-Authenticate": CHALLENGE})
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        doors.sessions.begin(caller.key),
        max_age=LIFE_SECONDS,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


@router.delete("/session", status_code=204)
def end(request: Request) -> Response:
    """End the session of the cookie, and take the cookie back; 204 if there was none too."""
    doors = _doors(request)
    doors.sessions.end(request.cookies.get(COOKIE, ""))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _doors(request: Request) -> Doors:
    doors: Doors | None = request.app.state.doors
    if doors is None:
        raise HTTPException(409, "no key is asked for here, so there are no sessions")
    return doors
