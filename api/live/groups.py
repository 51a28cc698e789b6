"""Who is to be told what."""

from collections.abc import Collection, Iterator

from api.live.client import Client
from api.live.subscription import Subscription
from api.live.update import Update


class Group:
    """The clients that asked for the same, and so get the same messages."""

    def __init__(self, asked: Subscription) -> None:
        self.asked = asked
        self.members: dict[Client, None] = {}  # in the order they came


class Groups:
    """Groups by what they are told of, so that an update finds them without a search."""

    def __init__(self) -> None:
        self._groups: dict[Subscription, Group] = {}
        self._hearing: dict[tuple[str, str | None], dict[Group, None]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def add(self, client: Client) -> None:
        """Tell a client from now on what it asked for."""
        assert client.asked is not None
        group = self._groups.get(client.asked)
        if group is None:
            group = self._groups[client.asked] = Group(client.asked)
            for key in client.asked.keys:
                self._hearing.setdefault(key, {})[group] = None
        group.members[client] = None

    def __contains__(self, client: Client) -> bool:
        group = self._groups.get(client.asked) if client.asked else None
        return group is not None and client in group.members

    def discard(self, client: Client) -> None:
        """Tell a client nothing more."""
        group = self._groups.get(client.asked) if client.asked else None
        if group is None or client not in group.members:
            return
        del group.members[client]
        if not group.members:
            del self._groups[group.asked]
            for key in group.asked.keys:
                del self._hearing[key][group]
                if not self._hearing[key]:
                    del self._hearing[key]

    def hear(self, updates: Collection[Update]) -> dict[Group, list[tuple[str, Update]]]:
        """What each group is to be told of these, with the channel, in their order."""
        told: dict[Group, list[tuple[str, Update]]] = {}
        nobody: dict[Group, None] = {}
        for each in updates:
            for channel in each.channels:
                for key in ((channel, each.symbol), (channel, None)):
                    for group in self._hearing.get(key, nobody):
                        told.setdefault(group, []).append((channel, each))
        return told
