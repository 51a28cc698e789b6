"""A journal for the tests of what has one."""


class Journal(list[bytes]):
    """The entries that Flink's state has of something."""

    def write(self, journal: tuple[list[bytes], bool]) -> None:
        """Writes down what changed, as a checkpoint does."""
        entries, replace = journal
        if replace:
            self.clear()
        self += entries
