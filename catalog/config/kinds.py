"""The kinds of values that settings hold. A refusal never quotes what was given: it could be a secret."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from catalog import cron, dates
from catalog.cron import Cron
from catalog.events import AlertEvent

_SIZE = re.compile(r"([0-9]{1,12})\s*(B|KB|MB|GB|KiB|MiB|GiB)")
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_FIELD = re.compile(r"[!-~]{1,200}")
_CRON = re.compile(r"@[a-z]{1,16}|(?:(?:[0-9]{1,3}|[A-Za-z]{3}|[*,/-]){1,200}(?:\s+|$)){5}")
_EVENTS = frozenset(AlertEvent)
_TEN_YEARS = 3650
_LONGEST_WORD = 64  # longer ones are no misspelled names
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_ANY_QUOTE = {*_QUOTES, *_QUOTES.values()}
_MARK = "\ufeff"
_UNFILLED = re.compile(r"\$\{|\$\(|\{\{|^\$[A-Za-z_][A-Za-z0-9_]*$|^%[A-Za-z_][A-Za-z0-9_]*%$")
_ASSIGNMENT = re.compile(r"(export\s+)?[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\s*=.")
_BEARER = re.compile(r"bearer\s", re.IGNORECASE)


class SettingKind(Protocol):
    """Reads a TOML value into ours."""

    @property
    def words(self) -> str:
        """What is allowed, to follow "must be"."""
        ...

    def read(self, raw: object) -> object:
        """Give the value in our terms; raises ValueError with words that are safe to print."""
        ...


class Flag:
    """True or false."""

    words = "true or false"

    def read(self, raw: object) -> bool:
        if isinstance(raw, bool):
            return raw
        raise ValueError(f"must be {self.words}, without quotes")


@dataclass(frozen=True)
class Number:
    """A whole number within limits."""

    least: int
    most: int

    @property
    def words(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def read(self, raw: object) -> int:
        if isinstance(raw, int) and not isinstance(raw, bool) and self.least <= raw <= self.most:
            return raw
        quoted = ", without quotes" if isinstance(raw, str) else ""
        raise ValueError(f"must be {self.words}{quoted}")


@dataclass(frozen=True)
class Text:
    """A text of a known form."""

    words: str
    pattern: str

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and re.fullmatch(self.pattern, raw):
            return raw
        raise ValueError(f"must be {self.words}")


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def words(self) -> str:
        return " or ".join(f'"{option}"' for option in self.options)

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and raw in self.options:
            return raw
        guess = nearest(raw, self.options)
        raise ValueError(f"must be {self.words}{guess}")


@dataclass(frozen=True)
class Texts:
    """A list of values of one kind."""

    words: str
    item: SettingKind
    least: int = 0

    def read(self, raw: object) -> tuple[object, ...]:
        if not isinstance(raw, list):
            raise ValueError(f"must be {self.words}, in brackets")  # noqa: TRY004 - one type for every refusal
        if len(raw) < self.least:
            raise ValueError(f"must be {self.words}, and not empty")
        return tuple(self._one(number, item) for number, item in enumerate(raw, start=1))

    def _one(self, number: int, item: object) -> object:
        try:
            return self.item.read(item)
        except ValueError as error:
            raise ValueError(f"must be {self.words}; number {number} {error}") from None


@dataclass(frozen=True)
class Keeping:
    """How long something is kept: a duration within limits, or for ever (None)."""

    least: str
    most: str

    @property
    def words(self) -> str:
        return f'"forever", or {Duration(self.least, self.most).words}'

    def read(self, raw: object) -> timedelta | None:
        if raw == "forever":
            return None
        try:
            return Duration(self.least, self.most).read(raw)
        except ValueError:
            raise ValueError(f'must be {self.words}, such as "90d"') from None


@dataclass(frozen=True)
class OneOrMore:
    """A value of one kind, or a list of them; numbers count as texts."""

    item: SettingKind

    @property
    def words(self) -> str:
        return f"{self.item.words}, or a list of such"

    def read(self, raw: object) -> tuple[object, ...]:
        many = raw if isinstance(raw, list) else [raw]
        return tuple(self.item.read(str(one) if type(one) is int else one) for one in many)


@dataclass(frozen=True)
class Pairs:
    """A table whose keys are of one kind, and whose values are of another."""

    words: str
    key: SettingKind
    value: SettingKind

    def read(self, raw: object) -> dict[object, object]:
        if not isinstance(raw, dict):
            raise ValueError(f"must be {self.words}")  # noqa: TRY004 - one type for every refusal
        return {
            self._read(self.key, f"name {number}", name): self._read(self.value, f"value {number}", value)
            for number, (name, value) in enumerate(raw.items(), start=1)
        }

    def _read(self, kind: SettingKind, which: str, raw: object) -> object:
        try:
            return kind.read(raw)
        except ValueError as error:
            raise ValueError(f"must be {self.words}; {which} {error}") from None


@dataclass(frozen=True)
class PublicName:
    """The name of a header or a parameter that holds no secret: what is set here is shown in rows and messages."""

    words: str
    pattern: str

    def read(self, raw: object) -> str:
        name = Text(self.words, self.pattern).read(raw)
        if name.lower() in _CREDENTIALS or any(word in name.lower() for word in _SECRET_WORDS):
            raise ValueError("must not carry a key or another secret: name the key with api_key_env and auth")
        return name


@dataclass(frozen=True)
class Duration:
    """A length of time within limits."""

    least: str
    most: str

    @property
    def words(self) -> str:
        return f'a duration from "{self.least}" to "{self.most}"'

    def read(self, raw: object) -> timedelta:
        try:
            value = dates.duration(raw) if isinstance(raw, str) else None
        except ValueError:
            value = None
        if value is None:
            raise ValueError(f'must be {self.words}: a number and a unit in quotes, such as "30s", "15m", "36h", "7d"')
        if not dates.duration(self.least) <= value <= dates.duration(self.most):
            raise ValueError(f"must be {self.words}")
        return value


@dataclass(frozen=True)
class Size:
    """A number of bytes within limits."""

    least: str
    most: str

    @property
    def words(self) -> str:
        return f'a size from "{self.least}" to "{self.most}"'

    def read(self, raw: object) -> int:
        value = _bytes(raw)
        if value is None or not (_bytes(self.least) or 0) <= value <= (_bytes(self.most) or 0):
            raise ValueError(f'must be {self.words}, such as "64MB" or "512KiB"')
        return value


class Days:
    """A list of different numbers of days, read greatest first."""

    words = "a list of different whole numbers from 1 to 3650"

    def read(self, raw: object) -> tuple[int, ...]:
        if not isinstance(raw, list) or not all(type(each) is int and 1 <= each <= _TEN_YEARS for each in raw):
            raise ValueError(f"must be {self.words}, in brackets and without quotes")
        if len(set(raw)) < len(raw):
            raise ValueError(f"must be {self.words}; one stands there twice")
        return tuple(sorted(raw, reverse=True))


class CronLine:
    """When something happens, as a crontab says it."""

    words = "five fields as in a crontab, or a word such as @daily"

    def read(self, raw: object) -> Cron:
        if not isinstance(raw, str) or not _CRON.fullmatch(raw.strip()):
            raise ValueError(f'must be {self.words}, such as "*/15 * * * *"')
        try:
            return cron.parse(raw)
        except ValueError as error:  # Its words quote the text: what looks like an expression is no secret.
            raise ValueError(f"must be {self.words}: {error}") from None


class Zone:
    """A time zone by its name."""

    words = 'a time zone such as "UTC" or "Europe/Berlin"'

    def read(self, raw: object) -> ZoneInfo:
        try:
            if isinstance(raw, str) and raw:
                return ZoneInfo(raw)
        except (KeyError, ValueError, OSError):  # no such zone; no name of a zone; a folder of zones
            pass
        guess = nearest(raw, sorted(available_timezones())) if isinstance(raw, str) and raw else ""
        raise ValueError(f"must be {self.words}{guess}")


class EventName:
    """An event that a channel can ask for."""

    words = "an event"

    def read(self, raw: object) -> str:
        event, mark, pattern = raw.partition(":") if isinstance(raw, str) else ("", "", "")
        if (event in _EVENTS and not mark) or (event == AlertEvent.CHANGED and _FIELD.fullmatch(pattern)):
            return f"{event}{mark}{pattern}"
        guess = nearest(event, list(AlertEvent))
        raise ValueError(
            f'must be one of {", ".join(AlertEvent)}, or changed:FIELD such as "changed:retires_at"{guess}'
        )


@dataclass(frozen=True)
class Inline:
    """A table on one line; its values are read by the settings of that table."""

    words: str

    def read(self, raw: object) -> dict[str, object]:
        if isinstance(raw, dict):
            return raw
        raise ValueError(f"must be {self.words}")


class UnknownDate:
    """A date that a source uses to say "unknown"."""

    words = "an RFC 3339 date and time"

    def read(self, raw: object) -> str:
        try:
            if isinstance(raw, str):
                return dates.canonical(raw) or raw  # None: 1970, which may be listed although it is always unknown
        except ValueError:
            pass
        raise ValueError('must be a date and time in quotes, such as "2023-02-28T18:56:42Z"')


_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})
_SECRET_WORDS = ("key", "token", "secret", "password", "credential")


def nearest(raw: object, options: Sequence[str]) -> str:
    """Say `; did you mean "x"?` when something allowed looks much like it, else nothing."""
    from difflib import get_close_matches

    if not isinstance(raw, str) or len(raw) > _LONGEST_WORD:
        return ""
    found = get_close_matches(raw.lower(), options, n=1)
    return f'; did you mean "{found[0]}"?' if found else ""


def slip(text: str, *, filled: bool = True) -> str:
    """Say which slip of the hand changed a value; empty: none. `filled`: no ${VARIABLE} may be left in it.

    The words follow the name of the setting or variable and never quote the value, which may be a secret.
    """
    inner = text.strip()
    if _MARK in text:
        return "holds a byte-order mark: save it as UTF-8 without one"
    if len(inner) > 1 and _QUOTES.get(inner[0]) == inner[-1]:
        return "is in quotes: leave them out (docker --env-file keeps them)"
    if inner and {inner[0], inner[-1]} & _ANY_QUOTE:
        return "begins or ends with a quote: leave it out"
    if filled and _UNFILLED.search(inner):
        return "names a variable that was not filled in"
    return "begins or ends with a blank: leave it out" if text != inner else ""


def slip_in_secret(text: str) -> str:
    """Do the same for a key or another secret; blanks around one do no harm."""
    inner = text.strip()
    if found := slip(inner):
        return found
    if _ASSIGNMENT.match(inner):
        return "holds a name and = before the value: leave both out"
    return "begins with Bearer: leave that out" if _BEARER.match(inner) else ""


def _bytes(raw: object) -> int | None:
    """Count the bytes of "64MB" or of a plain number."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    found = _SIZE.fullmatch(raw.strip()) if isinstance(raw, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else None
