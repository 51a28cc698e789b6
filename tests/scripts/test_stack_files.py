"""Nobody reads half a file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.stack.files import write_whole


def test_a_reader_has_all_that_was_written_before_or_after(tmp_path: Path) -> None:
    path = tmp_path / "run" / "record.json"
    texts = ["a" * 100_000, "b" * 50_000]
    write_whole(path, texts[0])

    def write() -> None:
        for n in range(500):
            write_whole(path, texts[n % 2])

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        seen = set()
        while not writing.done():
            seen.add(path.read_text())
    writing.result()
    assert seen <= set(texts)
    assert path.read_text() == texts[1]
    assert [file.name for file in path.parent.iterdir()] == ["record.json"]
