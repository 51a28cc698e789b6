"""What can be asked, apart from how it is sent."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any, Generic, ParamSpec, Protocol, Self, TypeVar, overload

import httpx
import msgspec

from .errors import UnreachableError, check
from .times import When, written

Value = str | int | float | bool

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Question(Generic[T]):
    """A GET request, and the type of its answer.

    Args:
        path: Below the URL of the service, quoted.
        parameters: Of the query.
        answer: What the body is decoded to.
    """

    path: str
    parameters: Mapping[str, Value]
    answer: type[T]

    def at(self, cursor: str) -> Self:
        """The same question, about what was before."""
        return replace(self, parameters={**self.parameters, "cursor": cursor})

    def read(self, response: httpx.Response) -> T:
        """The answer.

        Raises:
            RefusedError: The service refused.
            UnreachableError: What answered is no Tapeline.
        """
        check(response)
        try:
            return msgspec.json.decode(response.content, type=self.answer)
        except msgspec.MsgspecError as error:
            raise UnreachableError(f"{response.url} is not as expected: {error}") from error


def ask(path: str, answer: type[T], **parameters: Value | When | None) -> Question[T]:
    """A question; parameters that are None are left out, an ending underscore of a name too.

    Raises:
        ValueError: A time has no offset from UTC.
    """
    given = {
        name.rstrip("_"): written(value) if isinstance(value, datetime) else value
        for name, value in parameters.items()
        if value is not None
    }
    return Question(path, given, answer)


class Asks(Protocol):
    """Whoever answers at once."""

    def ask(self, question: Question[T]) -> T:
        """The answer."""
        ...


class AsksLater(Protocol):
    """Whoever answers to those who await it."""

    def ask(self, question: Question[T]) -> Coroutine[Any, Any, T]:
        """The answer, later."""
        ...


class Call(Generic[P, T]):
    """A question as a method, of clients of either kind.

    Args:
        question: Makes it of the method's arguments.
    """

    def __init__(self, question: Callable[P, Question[T]]) -> None:
        self._question = question
        self.__doc__ = question.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: Asks, owner: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, client: AsksLater, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        """The method, as of this client."""
        if client is None:
            return self

        @wraps(self._question)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.ask(self._question(*args, **kwargs))

        return method
