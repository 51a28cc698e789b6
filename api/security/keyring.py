"""The keys that are good now."""

import hmac
import logging
import os
from pathlib import Path

from api.security.keys import KEY, Key, KeysFileError, digest, read

NOBODY = "0" * 64  # in place of the hash of a secret, where there is no key

log = logging.getLogger(__name__)


class Keyring:
    """The keys of a file, read again as soon as the file is another.

    Raises:
        KeysFileError: The file is not valid.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys, looks = read(path)
        self._looks: tuple[int, ...] = _looks(looks)
        self._error = ""

    def find(self, presented: str) -> Key | None:
        """The key that a caller presented, None if it is none of these.

        Takes the same steps whether the id is known, unknown, or there is none: the time it
        takes says nothing of ids, nor how much of a secret was right.

        Raises:
            KeysFileError: The file has become unreadable: no key is good until it is mended.
        """
        keys = self._current()
        parts = KEY.fullmatch(presented)
        key_id, secret = parts.groups() if parts else ("", presented)
        key = keys.get(key_id)
        is_right = hmac.compare_digest(digest(secret), key.sha256 if key else NOBODY)
        return key if is_right else None

    def known(self, key_id: str) -> Key | None:
        """The key with this id, for whoever has proved before that it is theirs.

        Raises:
            KeysFileError: As :meth:`find`.
        """
        return self._current().get(key_id)

    def _current(self) -> dict[str, Key]:
        try:
            looks = _looks(os.stat(self._path))
        except OSError:
            looks = ()
        if looks != self._looks:
            self._looks = looks
            self._read()
        if self._error:
            raise KeysFileError(self._error)
        return self._keys

    def _read(self) -> None:
        try:
            self._keys, looks = read(self._path)
        except KeysFileError as error:
            # Keys read before might be revoked by what cannot be read.
            self._error = str(error)
            log.error("no key is good: %s", error)
        else:
            self._looks, self._error = _looks(looks), ""
            log.info("%s has %d keys now", self._path, len(self._keys))


def _looks(stat: os.stat_result) -> tuple[int, ...]:
    """What differs as soon as somebody has written the file, or put another in its place."""
    return (
        *(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mode),
        *(stat.st_mtime_ns, stat.st_ctime_ns),
    )
