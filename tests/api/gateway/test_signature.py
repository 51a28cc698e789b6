from hypothesis import given
from hypothesis import strategies as st

from api.gateway.signature import is_signed, sign

SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
KNOWN = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_the_signature_is_that_of_githubs_documentation() -> None:
    assert sign(SECRET, BODY) == KNOWN
    assert is_signed(SECRET, BODY, KNOWN)


@given(st.binary(min_size=1), st.data())
def test_a_body_or_signature_changed_by_a_byte_is_not_signed(
    body: bytes, data: st.DataObject
) -> None:
    signature = sign(SECRET, body)
    at = data.draw(st.integers(0, len(body) - 1))
    other = bytes([data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))])
    assert not is_signed(SECRET, body[:at] + other + body[at + 1 :], signature)
    assert not is_signed(SECRET, body[:at] + body[at + 1 :], signature)
    place = data.draw(st.integers(0, len(signature) - 1))
    letter = data.draw(st.characters().filter(lambda each: each != signature[place]))
    assert not is_signed(SECRET, body, signature[:place] + letter + signature[place + 1 :])
    assert not is_signed(SECRET, body, signature[:place])
    assert not is_signed(SECRET[:-1], body, signature)
