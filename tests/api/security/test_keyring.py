"""Which keys are good."""

import hmac
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.security import keyring as module
from api.security import keys
from api.security.keyring import Keyring
from tests.api.security.harness import issue


def test_a_key_is_found_and_so_is_another(path: Path) -> None:
    one, two = issue(path, "read"), issue(path, "write")
    ring = Keyring(path)
    found = [ring.find(each) for each in (one, two)]
    assert [key.scopes for key in found if key] == [("read",), ("write",)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_what_differs_from_a_key_in_anything_is_refused(path: Path, data: st.DataObject) -> None:
    if not path.exists():
        path.with_suffix(".key").write_text(issue(path, "read"))
    key = path.with_suffix(".key").read_text()
    at = data.draw(st.integers(0, len(key) - 1))
    forged = data.draw(
        st.one_of(
            st.just(key[:at]),
            st.just(key[:at] + key[at + 1 :]),
            st.characters().map(lambda c: key[:at] + c + key[at + 1 :]),
            st.text(min_size=1).map(lambda text: key + text),
            st.text(),
        ).filter(lambda text: text != key)
    )
    assert Keyring(path).find(forged) is None


def test_the_secret_of_one_key_is_no_good_with_the_id_of_another(path: Path) -> None:
    one, two = (issue(path, "read", name=name).split("_", 2) for name in ("one", "two"))
    assert Keyring(path).find("_".join([*one[:2], two[2]])) is None


def test_every_key_takes_the_same_steps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash, and one comparison in constant time of two texts of one length."""
    key = issue(path, "read")
    ring = Keyring(path)
    steps: list[str] = []
    original = hmac.compare_digest

    def digest(secret: str) -> str:
        steps.append("digest")
        return keys.digest(secret)

    def compare(one: str, other: str) -> bool:
        assert len(one) == len(other) == 64
        steps.append("compare")
        return original(one, other)

    monkeypatch.setattr(module, "digest", digest)
    monkeypatch.setattr(hmac, "compare_digest", compare)
    unknown = f"tl_{'0' * 16}_{key.split('_', 2)[2]}"
    for presented in (key, key[:-1] + "~", key[:-1], unknown, "", "tl_", "x" * 10_000):
        steps.clear()
        ring.find(presented)
        assert steps == ["digest", "compare"], presented


def test_a_key_is_good_and_no_more_as_soon_as_the_file_says_so(path: Path) -> None:
    one = issue(path, "read", name="one")
    ring = Keyring(path)
    two = issue(path, "read", name="two")
    assert ring.find(two)
    keys.revoke(path, "one")
    assert ring.find(one) is None
    assert ring.find(two)
    assert ring.known(one.split("_")[1]) is None


def test_no_key_is_good_while_the_file_cannot_be_read(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = issue(path, "read")
    ring, whole = Keyring(path), path.read_bytes()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            path.write_bytes(whole + b"{")
            with pytest.raises(keys.KeysFileError):
                ring.find(key)
            with pytest.raises(keys.KeysFileError):
                ring.find(key)
    assert len(caplog.records) < 6, "an error is told once for each change"
    path.write_bytes(whole)
    assert ring.find(key)
    path.unlink()
    with pytest.raises(keys.KeysFileError, match="No such file"):
        ring.find(key)
    path.write_bytes(whole)
    path.chmod(0o600)
    assert ring.find(key)
