"""Where alerts are sent: the section ``webhooks`` of the alerts file."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from api.records import Alert


class AlertsFileError(ValueError):
    """The alerts file is not what it should be; the text names the file and the place.

    It never has what stands there: a URL may carry a token.
    """


def _for_a_webhook(url: HttpUrl, info: ValidationInfo) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("expected a URL without user and password: they belong into no file")
    if url.fragment:
        raise ValueError("expected a URL without a fragment, which is never sent")
    if url.scheme != "https" and not (info.context or {}).get("allow_private"):
        raise ValueError("expected https://; http:// needs TAPELINE_WEBHOOK_ALLOW_PRIVATE=true")
    return url


class Target(BaseModel):
    """One webhook: a name of its own, where it is, and of which rules it wants alerts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    url: Annotated[HttpUrl, AfterValidator(_for_a_webhook)] = Field(repr=False)
    rules: list[str] | None = Field(None, min_length=1)

    @property
    def host(self) -> str:
        """The host of its URL, in brackets if it is an address of IPv6."""
        assert self.url.host is not None
        return self.url.host

    def wants(self, alert: Alert) -> bool:
        """Whether alerts of this rule are for it."""
        return self.rules is None or alert.rule in self.rules


class _Rule(BaseModel):
    """As much of a rule as webhooks need; the job checks the rest."""

    name: str


def _some(value: Any) -> Any:
    return [] if value is None else value  # a section whose lines are all comments


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: Annotated[list[_Rule], BeforeValidator(_some)] = []
    webhooks: Annotated[list[Target], BeforeValidator(_some)] = []

    @model_validator(mode="after")
    def _fit(self) -> Self:
        counts = Counter(target.name for target in self.webhooks)
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"every webhook needs a name of its own, got {twice} more than once")
        known = {rule.name for rule in self.rules}
        for target in self.webhooks:
            unknown = sorted(set(target.rules or ()) - known)
            if unknown:
                raise ValueError(
                    f"webhook {target.name!r} wants rules that do not exist: {unknown}"
                )
        return self


def read_targets(path: Path, *, allow_private: bool = False) -> list[Target]:
    """Read the targets of an alerts file.

    Args:
        path: The file, in YAML.
        allow_private: Whether ``http://`` will do.

    Raises:
        AlertsFileError: The file cannot be read, or is not valid.
    """
    try:
        content = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise AlertsFileError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "a value is not what it looks like"
        raise AlertsFileError(f"{path}: this is not YAML{place}: {problem}") from None
    try:
        context = {"allow_private": allow_private}
        file = _File.model_validate({} if content is None else content, context=context)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_context=False, include_url=False)
        told = [_told(content, fault["loc"], fault["msg"]) for fault in faults]
        raise AlertsFileError(f"{path}: {'; '.join(told)}") from None
    return file.webhooks


def _told(content: Any, place: tuple[int | str, ...], message: str) -> str:
    """A fault, and where it is: the entry by its name, where it has one."""
    names = list(map(str, place))
    if len(place) > 1 and place[0] in ("rules", "webhooks"):
        entry = content[place[0]][place[1]]
        name = entry.get("name") if isinstance(entry, dict) else None
        names[1] = repr(name) if isinstance(name, str) else f"number {int(place[1]) + 1}"
    text = message.removeprefix("Value error, ")
    return f"{' '.join(names)}: {text}" if names else text
