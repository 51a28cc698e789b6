import pytest
from pydantic import ValidationError

from api.security.settings import is_loopback
from api.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("api_access", "none", "'auto', 'keys' or 'anyone'"),
        ("api_hosts", "a:80", "without ports"),
        ("api_hosts", "*", "names of hosts"),
        ("api_origins", "*", "expected origins"),
        ("api_origins", "https://a.example/", "no path"),
        ("api_origins", "a.example", "expected origins"),
        ("api_origins", "https://*.example", "expected origins"),
        ("api_trusted_proxies", "proxy", "does not appear to be"),
        ("api_trusted_proxies", "10.0.0.1/8", "host bits"),
        ("session_secret", "hidden", "at least 32 characters, got 6"),
        ("reads_per_minute", 0, "reads_per_minute"),
        ("max_body_bytes", -1, "max_body_bytes"),
        ("api_internal_port", 8_000, "must differ from api_port"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        Settings(**{name: value})  # type: ignore[arg-type]
    assert "hidden" not in str(caught.value)


def test_lists_are_separated_by_commas() -> None:
    settings = Settings(
        api_hosts="A.example, b",
        api_origins="https://a.example,",
        api_trusted_proxies="::1,10.0.0.0/8",
    )
    assert settings.hosts == {"a.example", "b"}
    assert settings.origins == ["https://a.example"]
    assert settings.trusted_proxies == ["::1", "10.0.0.0/8"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_the_loopback_interface_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "example", "127.0.0.1.example"])
def test_all_else_is_not_it(host: str) -> None:
    assert not is_loopback(host)
