"""What a setting may hold. Every refusal says what is allowed and never what was given: that could be a secret."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from catalog import dates

_VISIBLE = re.compile(r"[!-~]+")
_SIZE = re.compile(r"([0-9]{1,12})\s*(B|KB|MB|GB|KiB|MiB|GiB)")
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_KEY_LIKE = re.compile(r"sk-|[A-Za-z0-9_+=-]{24,}")
_USUAL_PORTS = {"http": 80, "https": 443}


class Kind(Protocol):
    """Reads a TOML value into ours."""

    @property
    def words(self) -> str:
        """What is allowed, to follow "must be"."""
        ...

    def read(self, raw: object) -> object:
        """Give the value in our terms; raises ValueError with words that are safe to print."""
        ...


@dataclass(frozen=True)
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
class Choice:
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
    """A list of texts of a known form."""

    words: str
    item: Kind

    def read(self, raw: object) -> tuple[str, ...]:
        if not isinstance(raw, list):
            raise ValueError(f"must be {self.words}, in brackets")  # noqa: TRY004 - one type for every refusal
        return tuple(self._one(number, item) for number, item in enumerate(raw, start=1))

    def _one(self, number: int, item: object) -> str:
        try:
            return str(self.item.read(item))
        except ValueError as error:
            raise ValueError(f"must be {self.words}; number {number} {error}") from None


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


@dataclass(frozen=True)
class UnknownDate:
    """A date that a source uses to say "unknown"."""

    words = "an RFC 3339 date and time"

    def read(self, raw: object) -> str:
        try:
            if isinstance(raw, str):
                return dates.canonical(raw) or raw  # 1970 may be listed; it is unknown everywhere
        except ValueError:
            pass
        raise ValueError('must be a date and time in quotes, such as "2023-02-28T18:56:42Z"')


@dataclass(frozen=True)
class FilePath:
    """A path to a file; relative ones are placed later, beside the configuration."""

    words = "a path to a file"

    def read(self, raw: object) -> Path:
        if not isinstance(raw, str) or not raw or not raw.isprintable():
            raise ValueError(f"must be {self.words}")
        if raw[0] not in "/.~" and _KEY_LIKE.search(raw):
            raise ValueError(f"must be {self.words}, not the key itself (a path may start with ./)")
        return Path(raw)


@dataclass(frozen=True)
class BaseUrl:
    """Where an API lives; comes out in one spelling, without trailing slash and without /v1."""

    words = "an https:// URL"

    def read(self, raw: object) -> str:
        url = _split(raw, ("https", "http"), 'must be a URL such as "https://api.anthropic.com"')
        if "@" in url.netloc:
            raise ValueError("must not hold a user or password: name the key with api_key_env or api_key_file")
        if url.query or url.fragment or str(raw)[-1] in "?#":
            raise ValueError("must not hold a query (?) or fragment (#)")
        if not url.hostname:
            raise ValueError('must name a host, as "https://api.anthropic.com" does')
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        port = "" if url.port in {None, _USUAL_PORTS[url.scheme]} else f":{url.port}"
        path = url.path.rstrip("/").removesuffix("/v1").rstrip("/")
        return f"{url.scheme}://{host}{port}{path}"


@dataclass(frozen=True)
class DatabaseUrl:
    """Where the catalog is kept; SQLite paths stay as written, they are placed later."""

    words = '"sqlite:///PATH" or "postgresql://USER@HOST/DATABASE"'

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and raw.startswith("sqlite:"):
            return self._sqlite(raw)
        schemes = ("postgresql", "postgres", "postgresql+psycopg")
        words = f"must be {self.words}; signs such as @ : / # in a password are written as %40 %3A %2F %23"
        if _split(raw, schemes, words).netloc.count("@") > 1:  # Not all would take the same part for the password.
            raise ValueError(words)
        return str(raw)

    def _sqlite(self, raw: str) -> str:
        path = raw.removeprefix("sqlite:///")
        if not raw.startswith("sqlite:///") or not raw.isprintable():
            raise ValueError("must be sqlite:/// (three slashes) and a path; a full path makes it four")
        if path in {"", ":memory:"}:
            raise ValueError("must name a file: a database in memory would forget everything at the end of the run")
        if "?" in path:
            raise ValueError("takes no options: what follows sqlite:/// is a path, as it is written, without ?")
        return raw


def host(url: str) -> str:
    """Name the host of a URL that a kind above let through."""
    return urlsplit(url).hostname or ""


def is_loopback(name: str) -> bool:
    """Tell whether a host is this very machine."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def nearest(raw: object, options: Sequence[str]) -> str:
    """Say `; did you mean "x"?` when something allowed looks much like it, else nothing."""
    from difflib import get_close_matches

    found = get_close_matches(raw.lower(), options, n=1) if isinstance(raw, str) and len(raw) <= 64 else []  # noqa: PLR2004 - nobody misspells longer words
    return f'; did you mean "{found[0]}"?' if found else ""


def _split(raw: object, schemes: Sequence[str], words: str) -> SplitResult:
    """Take a URL apart; whatever the parser dislikes is put in our words, which quote nothing."""
    if not isinstance(raw, str) or not _VISIBLE.fullmatch(raw) or "\\" in raw or "://" not in raw:
        raise ValueError(words)
    try:
        url = urlsplit(raw)
        _ = url.port
    except ValueError:
        raise ValueError(words) from None
    if url.scheme not in schemes:
        raise ValueError(words)
    return url


def _bytes(raw: object) -> int | None:
    """Count the bytes of "64MB" or of a plain number."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    found = _SIZE.fullmatch(raw.strip()) if isinstance(raw, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else None
