"""The page of figures, ``scripts/bench/results.md``: each benchmark writes its own section."""

import os
import platform
import re

import psutil

from scripts.stack.paths import ROOT

PAGE = ROOT / "scripts" / "bench" / "results.md"


def write(title: str, text: str) -> None:
    """Puts a section on the page, in place of the one of that title."""
    page = PAGE.read_text() if PAGE.exists() else "# What was measured\n"
    section = f"## {title}\n\n{_machine()}\n\n{text.strip()}\n"
    old = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if old.search(page):
        page = old.sub(lambda _: f"{section}\n", page)
    else:
        page = f"{page.rstrip()}\n\n{section}"
    PAGE.write_text(f"{page.rstrip()}\n")
    print(f"written to {PAGE.relative_to(ROOT)}", flush=True)


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"Machine: {os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB; broker, "
        "cluster and workers all on it."
    )
