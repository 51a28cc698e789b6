"""How the commands of this package end."""

import sys
from collections.abc import Callable
from typing import NoReturn

from pydantic import ValidationError

from scripts.stack.errors import StackError


def run(main: Callable[[], int]) -> NoReturn:
    """Exit with what ``main`` returns; what a person can act on is said without a traceback."""
    try:
        sys.exit(main())
    except (StackError, ValidationError) as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)
