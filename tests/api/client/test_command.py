"""The command, as a process, against a service over real HTTP."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api.client.command.app import app
from api.client.command.texts import clock, number, percent, safe
from api.records import Anomaly
from api.service import Service
from scripts.stack.paths import ROOT
from tests.api.client.harness import ended, heed_interrupts
from tests.api.harness import MINUTE, NOW, HandReader, candle, wait_until
from tests.api.live.harness import Kafka


def environment(address: str, **more: str) -> dict[str, str]:
    plain = {"NO_COLOR": "1", "COLUMNS": "200", "NO_PROXY": "127.0.0.1", "TAPELINE_URL": address}
    return {**os.environ, **plain, **more}


def run(address: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.client", *arguments],
        cwd=ROOT,
        env=environment(address, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def anomaly(n: int, symbol: str = "BTC/USD", severity: str = "major") -> Anomaly:
    return Anomaly(
        *(symbol, NOW + n, "price", None, 110.0, 100.0, 2.0, 5.0, 3.0, severity, 100),
        *("trades", 0, n, NOW),
    )


def test_candles_as_csv_are_those_of_the_service(service: Service, address: str) -> None:
    rows = [candle(start=NOW + n * MINUTE, close=100 + n / 3, final=n < 9) for n in range(10)]
    service.store.put(rows)
    found = run(address, "candles", "BTC/USD", "--csv", "--limit", "7")
    response = httpx.get(
        f"{address}/api/candles/BTC%2FUSD?interval=1m&limit=7&format=csv", trust_env=False
    )
    assert found.returncode == 0, found.stderr
    ours, theirs = (
        list(csv.DictReader(io.StringIO(each))) for each in (found.stdout, response.text)
    )
    assert list(ours[0]) == list(theirs[0])
    assert [list(map(cell, row.values())) for row in ours] == [
        list(map(cell, row.values())) for row in theirs
    ]


def cell(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def test_candles_as_lines_are_those_of_the_service(service: Service, address: str) -> None:
    rows = [candle(start=NOW + n * MINUTE, close=100 + n / 3) for n in range(10)]
    service.store.put(rows)
    found = run(address, "candles", "BTC/USD", "--json", "--from", str(rows[4].start))
    assert [json.loads(line) for line in found.stdout.splitlines()] == [
        msgspec.to_builtins(each) for each in rows[4:]
    ]


def test_candles_as_a_table_show_time_and_numbers(service: Service, address: str) -> None:
    service.store.put([candle(close=12_345.678, final=False)])
    found = run(address, "candles", "BTC/USD")
    assert "2026-01-01 00:00:00" in found.stdout
    assert "12,345.678" in found.stdout
    assert "forming" in found.stdout


def test_what_is_wrong_is_a_line_and_no_traceback(service: Service, address: str) -> None:
    service.store.put([candle()])
    for arguments, expected in [
        (("candles", "XXX"), "no candles of 'XXX'; there are BTC/USD"),
        (("candles", "BTC/USD", "--from", "monday"), "from: "),
        (("watch", "XXX"), "no candles of 'XXX'"),
        (("--url", "ftp://x", "status"), "expected a URL such as"),
        (("--url", "http://127.0.0.1:1", "status"), "no answer from http://127.0.0.1:1"),
    ]:
        found = run(address, *arguments)
        assert found.returncode == 1
        assert found.stderr.startswith("tapeline: ")
        assert expected in found.stderr
        assert found.stderr.count("\n") == 1
        assert not found.stdout


def test_a_wrong_use_is_told_with_how_it_is_right(address: str) -> None:
    for arguments in (("candles",), ("candles", "X", "--interval", "7m"), ("weather",)):
        found = run(address, *arguments)
        assert found.returncode == 2
        assert "Usage: tapeline" in found.stderr


def test_status_says_whether_the_service_is_ready(
    service: Service, reader: HandReader, address: str
) -> None:
    service.store.put([candle()])
    found = run(address, "status")
    assert found.returncode == 0, found.stderr
    assert "ready" in found.stdout
    reader.reading = replace(reader.reading, trouble="no broker answers")
    found = run(address, "status", "--json")
    assert found.returncode == 1
    said = json.loads(found.stdout)
    assert (said["health"]["ready"], said["balanced"], said["symbols"]) == (False, True, 1)


def test_anomalies_are_told_by_time_and_chosen_by_severity(
    service: Service, kafka: Kafka, address: str
) -> None:
    service.anomalies.put([anomaly(n, f"S{n % 2}") for n in range(6)])
    service.anomalies.put([anomaly(9, severity="critical")])
    found = run(address, "anomalies", "-n", "4", "--json")
    assert found.returncode == 0, found.stderr
    times = [json.loads(line)["timestamp"] - NOW for line in found.stdout.splitlines()]
    assert times == [3, 4, 5, 9]
    found = run(address, "anomalies", "--severity", "critical")
    assert found.stdout.count("\n") == 1
    assert "z +5.0 (mean 100, deviation 2, of 100)" in found.stdout


@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_what_is_watched_into_a_pipe_is_lines_until_it_ends(
    kafka: Kafka, address: str, end: signal.Signals, code: int
) -> None:
    kafka.send(candle(close=1.0))
    process = subprocess.Popen(
        [sys.executable, "-m", "api.client", "watch", "BTC/USD"],
        cwd=ROOT,
        env=environment(address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    with ended(process):
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline()) == msgspec.to_builtins(candle(close=1.0))
        kafka.send(candle(close=2.0))
        assert json.loads(process.stdout.readline())["close"] == 2.0
        process.send_signal(end)
        assert process.wait(20) == code
        assert process.stderr.read() == ""


def test_what_is_watched_on_a_terminal_moves(kafka: Kafka, address: str) -> None:
    pty = pytest.importorskip("pty")
    kafka.send(candle(close=1_234.5))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.client", "watch"],
        cwd=ROOT,
        env=environment(address, TERM="xterm", LINES="40"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=heed_interrupts,
    )
    os.close(slave)
    shown = bytearray()

    def shows(text: bytes) -> bool:
        shown.extend(os.read(master, 65_536))
        return text in shown

    try:
        wait_until(lambda: shows(b"1,234.5"))
        kafka.send(candle(close=2_345.5))
        wait_until(lambda: shows(b"2,345.5"))
        process.send_signal(signal.SIGINT)
        # Whoever reads no more would block one who still draws.
        wait_until(lambda: shows(b"\x1b[?1049l"))
        assert process.wait(20) == 130
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_a_key_is_taken_from_the_environment_and_shown_nowhere(tmp_path: Path) -> None:
    env = environment("http://127.0.0.1:1", TAPELINE_KEY="tl_secret")
    for arguments in (["--help"], ["status"]):
        found = subprocess.run(
            [sys.executable, "-m", "api.client", *arguments],
            cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "secret" not in found.stdout + found.stderr


def test_every_part_is_there() -> None:
    assert {each.callback.__name__ for each in app.registered_commands if each.callback} == {
        *("status", "watch", "candles", "anomalies", "upload", "tail"),
    }


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (clock(NOW), "2026-01-01 00:00:00"),
        (number(None), "-"),
        (number(1234.5), "1,234.5"),
        (number(0.00001234), "1.234e-05"),
        (number(123_456_789.25), "123,456,789"),
        (percent(0.0123), "+1.23%"),
        (percent(None), "-"),
        (safe("8=FIX.4.2\x0135=8\x01"), "8=FIX.4.2|35=8|"),
        (safe("\x1b[2J\r\n\x9b"), "\\x1b[2J\\x0d\\x0a\\x9b"),
    ],
)
def test_numbers_times_and_text_of_others_are_written_for_people(made: Any, expected: str) -> None:
    assert made == expected
