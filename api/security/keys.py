"""API keys: what one looks like, and the file that says which there are.

A key is ``tl_<id>_<secret>``. The file has the SHA-256 of the secret and not the secret. A plain,
fast hash will do: a secret is 256 random bits, not a password, so nobody finds it by trying.
"""

import fcntl
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
SECRET_BYTES = 32
KEY = re.compile(r"tl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
WRITABLE_BY_OTHERS = 0o022


class KeysFileError(ValueError):
    """The file of keys is not what it should be; the text names the file and the line.

    It never has what stands there.
    """


class UnknownKeyError(LookupError):
    """There is no key of this name or id."""


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the file; ``sha256`` is that of the secret, ``created_at`` in ms."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    name: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,64}$")]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1)]
    created_at: int


def digest(secret: str) -> str:
    """The SHA-256 of a secret, in hexadecimal; of whatever text somebody sends for one."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def make(name: str, scopes: Sequence[Scope], now: int) -> tuple[str, Key]:
    """A new key: what its owner sends, and what the file says of it.

    Raises:
        msgspec.ValidationError: The name or a scope is not valid.
    """
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(SECRET_BYTES)
    line = {"id": key_id, "name": name, "sha256": digest(secret), "scopes": scopes}
    return f"tl_{key_id}_{secret}", msgspec.convert({**line, "created_at": now}, Key)


def read(path: Path) -> tuple[dict[str, Key], os.stat_result]:
    """The keys of a file by their ids, and what it looked like when they were read.

    Raises:
        KeysFileError: The file cannot be read, others may write it, or a line is not valid.
    """
    try:
        with path.open("rb") as file:
            looks = os.fstat(file.fileno())
            lines = file.read().splitlines()
    except OSError as error:
        raise KeysFileError(f"{path}: {error.strerror}") from None
    if looks.st_mode & WRITABLE_BY_OTHERS:
        raise KeysFileError(f"{path}: others may write it, run chmod 600")
    keys: dict[str, Key] = {}
    names: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            key = msgspec.json.decode(line, type=Key)
        except (msgspec.DecodeError, ValueError) as error:
            raise KeysFileError(f"{path}: line {number}: {_told(error)}") from None
        if key.id in keys or key.name in names:
            raise KeysFileError(f"{path}: line {number}: {key.name!r} or its id stands twice")
        keys[key.id] = key
        names.add(key.name)
    return keys, looks


def add(path: Path, key: Key) -> None:
    """Add a key to a file, which is made, readable by its owner alone, if it is not there.

    Raises:
        KeysFileError: The file is not valid, cannot be written, or has a key of that name.
    """

    def added(keys: list[Key]) -> list[Key]:
        if key.name in [each.name for each in keys]:
            raise KeysFileError(f"{path}: there is a key {key.name!r} already")
        return [*keys, key]

    _change(path, added)


def revoke(path: Path, name: str) -> Key:
    """Take the key with this name or id out of a file; returns it.

    Raises:
        KeysFileError: The file is not valid, or cannot be written.
        UnknownKeyError: There is none.
    """
    gone: list[Key] = []

    def kept(keys: list[Key]) -> list[Key]:
        gone.extend(each for each in keys if name in (each.name, each.id))
        if not gone:
            raise UnknownKeyError(f"there is no key {name!r}")
        return [each for each in keys if each not in gone]

    _change(path, kept)
    return gone[0]


def _change(path: Path, change: Callable[[list[Key]], list[Key]]) -> None:
    """Write the file anew, so that a reader sees all of the old one or all of the new one."""
    try:
        with _locked(path.parent):
            looks = path.stat() if path.exists() else None
            keys = change(list(read(path)[0].values()) if looks else [])
            number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(number, "wb") as file:
                    file.writelines(msgspec.json.encode(key) + b"\n" for key in keys)
                    file.flush()
                    os.fsync(file.fileno())
                    if looks and looks.st_uid != os.geteuid():
                        os.fchown(file.fileno(), looks.st_uid, looks.st_gid)
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise
    except OSError as error:
        raise KeysFileError(f"{path}: {error.strerror}") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else changes a file of keys in the folder meanwhile."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _told(error: Exception) -> str:
    # What is not UTF-8 would be shown by Python's own message.
    return "this is not UTF-8" if isinstance(error, UnicodeError) else str(error)
