import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.webhooks.signature import sign
from tests.api.harness import NOW, alert
from tests.api.webhooks.harness import SECRET, Receiver, post, to_parcel

README = Path(__file__).parents[3] / "README.md"


def example() -> Callable[..., bool]:
    """The receiver's side, as the README shows it."""
    (code,) = re.findall(r"```python\n(.*?def verify.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    verify: Callable[..., bool] = names["verify"]
    return verify


def test_a_signature_is_the_hmac_of_timestamp_and_body() -> None:
    # printf '1767225600.{"id":"a"}' | openssl dgst -sha256 -hmac 'a secret of the desk'
    expected = "7ccdc2c0b40fedd4baeddae5fa9e6587051dc0e922cdaaac5cb00dbd311e3dd3"
    assert sign(SECRET, 1_767_225_600, b'{"id":"a"}') == f"v1={expected}"


def test_the_example_of_the_readme_knows_our_requests_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verify = example()
    secret = SECRET.decode()
    with Receiver() as receiver:
        post(receiver.url).send(to_parcel(alert()))
    (request,) = receiver.requests
    monkeypatch.setattr(time, "time", lambda: NOW / 1_000 + 100)
    assert verify(request.headers, request.body, secret)
    assert not verify(request.headers, request.body + b" ", secret)
    assert not verify(request.headers, request.body, secret + "x")
    later = {**request.headers, "Tapeline-Timestamp": str(NOW // 1_000 + 1)}
    assert not verify(later, request.body, secret)
    monkeypatch.setattr(time, "time", lambda: NOW / 1_000 + 301)
    assert not verify(request.headers, request.body, secret)
