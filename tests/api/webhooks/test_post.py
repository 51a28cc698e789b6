"""One attempt, over real HTTP."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.webhooks.network import Network
from api.webhooks.post import MOST_READ, Post
from api.webhooks.signature import sign
from tests.api.harness import NOW, alert, wait_until
from tests.api.webhooks.harness import SECRET, Receiver, Scripted, post, target, to_parcel

PARCEL = to_parcel(alert())


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_the_alert_comes_as_it_is_on_kafka_with_what_proves_it() -> None:
    with Receiver() as receiver:
        answer = post(receiver.url + "?a=b%20c").send(PARCEL)
    (request,) = receiver.requests
    assert (answer.reason, answer.status) == (None, 204)
    assert request.path == "/hook?a=b%20c"
    assert request.body == PARCEL.body
    assert request.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == "Tapeline-Webhooks/1"
    assert request.headers["Tapeline-Id"] == PARCEL.alert.id
    assert request.headers["Tapeline-Timestamp"] == str(NOW // 1_000)
    assert request.headers["Tapeline-Signature"] == sign(SECRET, NOW // 1_000, PARCEL.body)


def test_each_attempt_is_signed_anew() -> None:
    seconds = iter([NOW, NOW, NOW + 5_000, NOW + 5_000])
    network = Network(allow_private=True, most=5.0)
    with Receiver() as receiver:
        sender = Post(target(receiver.url), SECRET, network, 5.0, lambda: next(seconds))
        for _ in range(2):
            sender.send(PARCEL)
    stamps = [each.headers["Tapeline-Timestamp"] for each in receiver.requests]
    assert [int(each) - NOW // 1_000 for each in stamps] == [0, 5]
    signatures = {each.headers["Tapeline-Signature"] for each in receiver.requests}
    assert signatures == {sign(SECRET, int(each), PARCEL.body) for each in stamps}


def test_a_symbol_cannot_write_headers() -> None:
    with Receiver() as receiver:
        answer = post(receiver.url).send(to_parcel(alert(symbol="A\r\nX-Evil: 1%\u00e9")))
    (request,) = receiver.requests
    assert answer.reason is None
    assert request.headers["Tapeline-Id"] == f"price shock/A%0D%0AX-Evil: 1%25%C3%A9/{NOW}"
    assert "X-Evil" not in request.headers


def test_a_redirect_is_never_followed() -> None:
    with Receiver() as other:
        for status in (301, 302, 303, 307, 308):
            with Receiver(Scripted(status, {"Location": other.url})) as receiver:
                answer = post(receiver.url).send(PARCEL)
            assert (answer.reason, answer.again) == ("redirected", False)
            assert len(receiver.requests) == 1
        assert other.requests == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert post(receiver.url).send(PARCEL).reason is None
        assert (len(proxy.requests), len(receiver.requests)) == (0, 1)


def test_of_an_answer_no_more_is_waited_for_than_is_read() -> None:
    release = threading.Event()
    with listening() as listener:

        def answer_in_part() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                head = b"HTTP/1.1 500 Oh\r\nRetry-After: 9\r\nContent-Length: 1000000\r\n\r\n"
                connection.sendall(head + b"x" * (MOST_READ + 1))
                release.wait(20)

        thread = threading.Thread(target=answer_in_part)
        thread.start()
        started = time.monotonic()
        answer = post(url_of(listener), timeout=10.0).send(PARCEL)
        took = time.monotonic() - started
        release.set()
        thread.join()
    assert (answer.reason, answer.again, answer.retry_after) == ("unavailable", True, 9.0)
    assert answer.detail == "answered 500: " + "x" * MOST_READ
    assert took < 5


def test_who_refuses_connections_is_unreachable() -> None:
    with listening() as listener:
        url = url_of(listener)
    answer = post(url).send(PARCEL)
    assert (answer.reason, answer.again, answer.status) == ("unreachable", True, None)
    assert "refused" in answer.detail


def test_who_does_not_answer_is_given_up_in_time() -> None:
    with listening() as listener:
        answer = post(url_of(listener), timeout=0.2).send(PARCEL)
    assert (answer.reason, answer.again) == ("timeout", True)


def test_who_answers_something_else_is_unreachable() -> None:
    with listening() as listener:

        def answer_in_its_own_way() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"220 mail.example.com ESMTP\r\n")

        thread = threading.Thread(target=answer_in_its_own_way)
        thread.start()
        answer = post(url_of(listener)).send(PARCEL)
        thread.join()
    assert (answer.reason, answer.again) == ("unreachable", True)


def test_an_answer_that_drips_ends_with_the_deadline() -> None:
    ended = threading.Event()
    with listening() as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not ended.wait(0.05):
                    try:
                        connection.sendall(b"HTTP/1.1 200 OK\r\n"[:1])
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        answer = post(url_of(listener), timeout=0.3).send(PARCEL)
        took = time.monotonic() - started
        ended.set()
        thread.join()
    assert answer.reason in ("timeout", "unreachable")  # a line so wrong may be seen before
    assert took < 2


def test_a_name_that_takes_long_to_resolve_is_given_up_in_time() -> None:
    release = threading.Event()

    def resolve(*_: object) -> list[str]:
        release.wait(20)
        return ["127.0.0.1"]

    answer = post(
        "http://hooks.test/", Network(allow_private=True, most=0.2, resolve=resolve)
    ).send(PARCEL)
    release.set()
    assert (answer.reason, answer.detail) == ("timeout", "no address of hooks.test in time")


def test_the_next_address_is_tried_where_one_takes_no_connection() -> None:
    with Receiver() as receiver:
        network = Network(
            allow_private=True, most=5.0, resolve=lambda *_: ["127.0.0.9", "127.0.0.1"]
        )
        url = f"http://hooks.test:{receiver.port}/"
        assert post(url, network).send(PARCEL).reason is None
    (request,) = receiver.requests
    assert request.headers["Host"] == f"hooks.test:{receiver.port}"


@pytest.mark.parametrize("where", ["resolving", "connecting", "answering"])
def test_a_cut_ends_what_is_under_way_at_once_and_all_that_follows(where: str) -> None:
    began, release = threading.Event(), threading.Event()

    def resolve(*_: object) -> list[str]:
        began.set()
        if where == "resolving":
            release.wait(20)
        return ["127.0.0.1"]

    network = Network(allow_private=True, most=20.0, resolve=resolve)
    hold = Scripted(204, hold=release)
    with Receiver(hold) as receiver, full() as nobody:
        port = nobody if where == "connecting" else receiver.port
        sender = post(f"http://hooks.test:{port}/", network, timeout=20.0)
        answers: list[str | None] = []
        thread = threading.Thread(target=lambda: answers.append(sender.send(PARCEL).reason))
        thread.start()
        began.wait(20)
        if where == "answering":
            wait_until(lambda: bool(receiver.requests))
        started = time.monotonic()
        network.cut()
        thread.join(10)
        assert time.monotonic() - started < 1
        release.set()
        assert answers[0] in ("unreachable", "timeout")
        assert sender.send(PARCEL).reason == "unreachable"
        assert len(receiver.requests) == (where == "answering")


@contextmanager
def full() -> Iterator[int]:
    """A port where connecting takes for ever: its queue is full, and nobody takes from it."""
    with listening() as listener:
        listener.listen(0)
        place = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(place)
        try:
            yield int(place[1])
        finally:
            for each in waiting:
                each.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of hooks.test, signed by itself, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    file = tmp_path_factory.mktemp("tls") / "hooks.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-subj", "/CN=hooks.test", "-addext", "subjectAltName=DNS:hooks.test"]
    command = [openssl, "req", "-x509", *key, *name, "-keyout", str(file), "-out", f"{file}.crt"]
    subprocess.run([*command, "-days", "2"], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


@pytest.mark.parametrize(
    ("host", "trusted", "reason"),
    [
        ("hooks.test", True, None),
        ("other.test", True, "unreachable"),
        ("hooks.test", False, "unreachable"),
    ],
)
def test_over_tls_the_certificate_must_be_that_of_the_name(
    certificate: Path, host: str, trusted: bool, reason: str | None
) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    names: list[str | None] = []
    serving.sni_callback = lambda _, name, __: names.append(name)
    trust = ssl.create_default_context(cafile=str(certificate) if trusted else None)
    network = Network(allow_private=True, most=5.0, resolve=lambda *_: ["127.0.0.1"])
    with Receiver() as receiver:
        receiver.server.socket = serving.wrap_socket(receiver.server.socket, server_side=True)
        to = target(f"https://{host}:{receiver.port}/")
        answer = Post(to, SECRET, network, 5.0, lambda: NOW, trust).send(PARCEL)
    assert answer.reason == reason
    assert names == [host]
    assert [each.headers["Host"] for each in receiver.requests] == (
        [f"{host}:{receiver.port}"] if reason is None else []
    )
    if reason:
        assert "certificate verify failed" in answer.detail
