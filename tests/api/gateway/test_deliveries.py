import msgspec
from hypothesis import given
from hypothesis import strategies as st

from api.gateway.deliveries import Deliveries, digest
from api.gateway.event import Event, EventMessage, event_of, taking_in
from api.newest import Newest
from tests.api.harness import NOW

A, B = digest(b"a"), digest(b"b")


def test_a_delivery_is_claimed_once_until_it_is_settled() -> None:
    deliveries = Deliveries()
    assert deliveries.claim("1", A)
    assert not deliveries.claim("1", B)
    assert not deliveries.claim("2", A)
    assert deliveries.claim("2", B)
    deliveries.settle("1", A, is_kept=False)
    assert deliveries.claim("1", A)
    deliveries.settle("1", A, is_kept=True)
    assert not deliveries.claim("1", digest(b"c"))
    assert not deliveries.claim("3", A)


@given(st.lists(st.integers(0, 30)), st.integers(1, 10))
def test_the_newest_are_remembered(read: list[int], limit: int) -> None:
    deliveries = Deliveries(limit)
    for number in read:
        deliveries.note(str(number), digest(b"%d" % number))
    kept = set(list(dict.fromkeys(reversed(read)))[:limit])
    for number in range(31):
        assert deliveries.claim(str(number), digest(b"%d" % number)) is (number not in kept)


@given(st.sampled_from([b"", b" ", b"\r\n", b"\t"]), st.sampled_from([b"", b"\n"]))
def test_a_body_is_known_again_as_it_was_read_back_from_the_topic(
    before: bytes, after: bytes
) -> None:
    body = before + b'{ "action" : "opened", "x": "\xc3\xa9" }' + after
    payload = msgspec.json.decode(body)
    value = msgspec.json.encode(event_of("1", "issues", payload, body, NOW))
    assert msgspec.json.decode(value)["payload"] == payload

    deliveries = Deliveries()
    events = Newest[Event](10, lambda event: event.id)
    taking_in(events, deliveries)([msgspec.json.decode(value, type=EventMessage)])
    assert not deliveries.claim("2", digest(body))
    assert events.newest() == [Event("1", "issues", "opened", None, None, NOW)]


def test_what_the_payload_lacks_is_none() -> None:
    odd = {"action": 3, "repository": "x", "sender": {"login": None}}
    found = event_of("1", "push", odd, b"{}", NOW)
    assert (found.action, found.repository, found.sender) == (None, None, None)
