"""Keys do not stand in logs, whoever wrote them there."""

import logging

from api.security.keys import KEY

HIDDEN = r"tl_\1_..."


def hidden(text: str) -> str:
    """A text without the secrets of keys."""
    return KEY.sub(HIDDEN, text)


class Redacted(logging.Formatter):
    """Formats as another does, without the secrets of keys: in messages and tracebacks."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines, of a record."""
        return hidden(self._inner.format(record))


def redact(logger: logging.Logger) -> None:
    """Let all that a logger's handlers write go without secrets."""
    for handler in logger.handlers:
        handler.setFormatter(Redacted(handler.formatter or logging.Formatter()))
