"""Adds up what scripts/test.sh ran: ``python -m scripts.stack.totals FOLDER``."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def totals(results: Path) -> tuple[int, int]:
    """How many tests passed and failed.

    Args:
        results: A folder with JUnit files of test runs, and with empty files that end in
            ``.passed`` or ``.failed``, which count as one test each.
    """
    passed, failed = (len(list(results.glob(f"*.{end}"))) for end in ("passed", "failed"))
    for file in results.glob("*.xml"):
        for suite in ElementTree.parse(file).iter("testsuite"):
            tests, skipped, bad = (
                sum(int(suite.get(name, 0)) for name in names)
                for names in (("tests",), ("skipped",), ("failures", "errors"))
            )
            passed += tests - skipped - bad
            failed += bad
    return passed, failed


def main() -> int:
    """Print the totals in one line; return 1 if a test failed, or if none ran at all."""
    passed, failed = totals(Path(sys.argv[1]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
