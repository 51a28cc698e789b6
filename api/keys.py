"""``python -m api.keys``: make, list and revoke the keys of the service."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from api.security import keys
from api.service import wall_clock
from api.settings import Settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    asked = _parser().parse_args(arguments)
    name = asked.file or Settings().api_keys_file
    if not name:
        sys.exit("no file of keys: set TAPELINE_API_KEYS_FILE, or give --file")
    path = Path(name)
    try:
        if asked.command == "new":
            _new(path, asked.name, asked.scopes.split(","))
        elif asked.command == "list":
            _list(path)
        else:
            gone = keys.revoke(path, asked.name)
            print(f"revoked {gone.name} ({gone.id})")
    except (keys.KeysFileError, keys.UnknownKeyError) as error:
        sys.exit(str(error))


def _new(path: Path, name: str, scopes: list[keys.Scope]) -> None:
    try:
        key, line = keys.make(name, scopes, wall_clock())
    except msgspec.ValidationError as error:
        sys.exit(f"{error}; scopes are {','.join(keys.SCOPES)}")
    keys.add(path, line)
    print(key)
    print("Keep it: it is shown this once, and stands nowhere.", file=sys.stderr)


def _list(path: Path) -> None:
    for key in keys.read(path)[0].values():
        made = datetime.fromtimestamp(key.created_at / 1_000, UTC)
        print(f"{key.id}  {made:%Y-%m-%dT%H:%M:%SZ}  {','.join(key.scopes):16}  {key.name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api.keys", description=__doc__)
    parser.add_argument("--file", help="the file of keys; else TAPELINE_API_KEYS_FILE")
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="print a new key, once, and add it to the file")
    new.add_argument("name", help="of whom or what it is; letters, digits, . _ -")
    new.add_argument("--scopes", default="read", help="read,write,admin; read if not given")
    commands.add_parser("list", help="the keys there are, without their secrets")
    gone = commands.add_parser("revoke", help="a key is good no more, at once")
    gone.add_argument("name", help="its name or id")
    return parser


if __name__ == "__main__":
    main()
