"""What a person can act on: it ends a command without a traceback."""


class SourceError(Exception):
    """It cannot go on; the text says what was expected and what was found."""

    code = 1
    """That the command exits with."""


class BadInputError(SourceError):
    """What was asked for is wrong."""

    code = 2
