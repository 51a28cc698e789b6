"""The file of keys, and the program that writes it."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from api import keys as program
from api.security import keys
from tests.api.harness import NOW
from tests.api.security.harness import issue

GOOD = {
    "id": "0123456789abcdef",
    "name": "desk",
    "sha256": "0" * 64,
    "scopes": ["read"],
    "created_at": NOW,
}


def test_a_key_has_256_random_bits_and_no_two_are_alike() -> None:
    made = {keys.make("desk", ["read"], NOW)[0] for _ in range(1_000)}
    assert len(made) == 1_000
    for key in made:
        parts = keys.KEY.fullmatch(key)
        assert parts
        assert len(parts[2]) * 6 >= 256


def test_the_file_has_the_hash_and_not_the_secret_and_is_its_owners_alone(path: Path) -> None:
    key = issue(path, "read", "write")
    secret = key.split("_", 2)[2]
    assert secret not in path.read_text()
    assert keys.digest(secret) in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_added_is_read_and_what_is_revoked_is_gone(path: Path) -> None:
    issue(path, "read", name="one")
    issue(path, "write", "admin", name="two")
    found, _ = keys.read(path)
    assert [(key.name, key.scopes) for key in found.values()] == [
        ("one", ("read",)),
        ("two", ("write", "admin")),
    ]
    assert keys.revoke(path, "one").name == "one"
    (left,) = keys.read(path)[0].values()
    assert left.name == "two"
    keys.revoke(path, left.id)
    assert keys.read(path)[0] == {}
    with pytest.raises(keys.UnknownKeyError, match="no key 'two'"):
        keys.revoke(path, "two")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_keys_that_are_added_at_once_are_all_there(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: issue(path, "read", name=f"n{n}"), range(40)))
    assert len(keys.read(path)[0]) == 40


def test_a_name_is_given_once(path: Path) -> None:
    issue(path, "read", name="desk")
    with pytest.raises(keys.KeysFileError, match="a key 'desk' already"):
        issue(path, "write", name="desk")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("tl_0123_hidden", "line 2: JSON is malformed"),
        (b"\xff hidden", "line 2: "),
        (json.dumps({**GOOD, "secret": 7}), "line 2: Object contains unknown field `secret`"),
        (json.dumps({**GOOD, "scopes": []}), "length >= 1"),
        (json.dumps({**GOOD, "scopes": ["root"]}), "Invalid enum value 'root'"),
        (json.dumps({**GOOD, "scopes": "read"}), "Expected `array`, got `str`"),
        (json.dumps({**GOOD, "sha256": "hidden"}), "matching regex"),
        (json.dumps({**GOOD, "id": "ABC"}), "matching regex"),
        (json.dumps({**GOOD, "name": "a b"}), "matching regex"),
        (json.dumps({"name": "desk"}), "missing required field"),
        (json.dumps({**GOOD, "name": "first"}), "stands twice"),
    ],
)
def test_a_wrong_line_is_named_and_not_shown(path: Path, line: str | bytes, told: str) -> None:
    issue(path, "read", name="first")
    with path.open("ab") as file:
        file.write(line if isinstance(line, bytes) else line.encode())
    with pytest.raises(keys.KeysFileError, match=re.escape(told)) as caught:
        keys.read(path)
    assert str(caught.value).startswith(f"{path}: line 2")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(path: Path, mode: int) -> None:
    issue(path, "read")
    path.chmod(mode)
    with pytest.raises(keys.KeysFileError, match="others may write it"):
        keys.read(path)


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(keys.KeysFileError, match="No such file"):
        keys.read(path)


def test_what_fails_leaves_the_file_as_it_was(path: Path) -> None:
    issue(path, "read", name="desk")
    before = path.read_bytes()
    for act in (lambda: keys.revoke(path, "none"), lambda: issue(path, "read", name="desk")):
        with pytest.raises((keys.UnknownKeyError, keys.KeysFileError)):
            act()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_names_and_scopes_are_checked() -> None:
    with pytest.raises(msgspec.ValidationError):
        keys.make("a b", ["read"], NOW)


def test_the_program_shows_a_key_once(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--file", str(path)]
    program.main([*at, "new", "desk", "--scopes", "read,write"])
    key = capsys.readouterr().out.strip()
    assert keys.KEY.fullmatch(key)
    program.main([*at, "list"])
    shown = capsys.readouterr().out
    assert key.split("_", 2)[2] not in shown
    assert re.fullmatch(r"[0-9a-f]{16}  20\S+Z  read,write +desk\n", shown)
    program.main([*at, "revoke", "desk"])
    assert keys.read(path)[0] == {}


def test_the_program_reads_where_the_file_is_from_the_settings(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPELINE_API_KEYS_FILE", str(path))
    program.main(["new", "desk"])
    (key,) = keys.read(path)[0].values()
    assert key.scopes == ("read",)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["new", "desk"], "no file of keys: set TAPELINE_API_KEYS_FILE"),
        (["--file", "/nowhere/keys", "new", "desk"], "No such file"),
        (["--file", "/nowhere/keys", "new", "desk", "--scopes", "all"], "scopes are read,write"),
        (["--file", "/nowhere/keys", "list"], "No such file"),
    ],
)
def test_the_program_says_what_is_wrong(arguments: list[str], told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        program.main(arguments)
