"""What can be wrong with a file as a whole; what is wrong with a row stops nothing."""

from scripts.sources.errors import BadInputError, SourceError


class FileError(BadInputError):
    """A file cannot be replayed; the text says what was expected and what was found."""


class StateError(BadInputError):
    """A replay cannot go on where another one stopped."""


class DeliveryError(SourceError):
    """The broker refuses what is sent to it, and would refuse the rest too."""
