"""Reads a published folder, on this machine or on a web server: which models it has, and how fresh they are."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from catalog import dates
from catalog.domain import Model, Source
from catalog.errors import ConfigError, ListingError, NoCatalogError
from catalog.health import SourceCheck
from catalog.http import encodings, hosts, proxy
from catalog.http.exchange import OK, Exchange, Received
from catalog.web.site.folder import MANIFEST
from catalog.web.site.publish import EVERY

_SECONDS = 120.0
_LARGEST = 2_000_000_000  # bytes; a model takes about 1,000
_EXAMPLE = "https://models.example.org/catalog"
_HINT = "name what `catalog publish` writes: its folder, or the address of its index.html"
_NOT_FOUND = (404, 410)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedCatalog:
    """What a published folder knows; each of its sources with how fresh it is."""

    models: Sequence[Model]
    sources: Sequence[SourceCheck]


def read(place: str) -> PublishedCatalog:
    """Read the folder at a path or a URL.

    Raises ConfigError for an address that cannot be used, NoCatalogError where nothing was published, ListingError for
    what cannot be read.
    """
    manifest, rows = (_Site(place) if "://" in place else _Folder(place)).read()
    try:
        told = msgspec.json.decode(manifest, type=_Manifest).sources
        models = [_model(row) for row in msgspec.json.decode(rows, type=list[_Row])]
        listed = Counter(model.source for model in models if model.removed_at is None)
        return PublishedCatalog(
            models=models, sources=[_check(name, fresh, listed[name]) for name, fresh in told.items()]
        )
    except (ValueError, OverflowError, RecursionError):  # msgspec's errors are ValueErrors
        words = f"{place} holds no catalog that this program published"
        raise ListingError(words, hint="publish it again; " + _HINT) from None


class _Freshness(msgspec.Struct):
    last_whole_at: str | None
    stale_after: float


class _Manifest(msgspec.Struct):
    sources: dict[str, _Freshness]


class _Row(msgspec.Struct):
    """What a verdict needs of a model: a list may have a million."""

    source: str
    id: str
    lifecycle: str | None
    deprecated_at: str | None
    retires_at: str | None
    first_seen_at: str
    last_seen_at: str
    missing_since: str | None
    removed_at: str | None


class _Folder:
    """On this machine."""

    def __init__(self, place: str) -> None:
        self._place = place

    def read(self) -> tuple[bytes, bytes]:
        """Give the manifest, and the rows of all models."""
        return self.bytes(MANIFEST), self.bytes(f"{EVERY}.json")

    def bytes(self, name: str) -> bytes:
        path = Path(self._place) / name
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise _nothing(self._place) from None
        except OSError as error:
            words = "may not be read by this user" if isinstance(error, PermissionError) else "is no readable file"
            raise ListingError(f"{path} {words}", hint=_HINT) from None


class _Site(_Folder):
    """On a web server."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        try:
            self._url = hosts.site_url(place, _EXAMPLE, without="/index.html")
        except ValueError as error:
            raise ConfigError(f"--catalog {error}", hint=_HINT) from None
        url = urlsplit(self._url)
        if url.scheme == "http" and not hosts.is_loopback(url.hostname or ""):
            raise ConfigError("--catalog must be an https:// URL, or one on this machine", hint=_HINT)

    def read(self) -> tuple[bytes, bytes]:
        with closing(Exchange({"accept-encoding": encodings.ASKED})) as self._exchange:
            return super().read()

    def bytes(self, name: str) -> bytes:
        url = f"{self._url}/{name}"
        answer = self._exchange.get(url, "", timeout=_SECONDS, max_bytes=_LARGEST)
        if not isinstance(answer, Received):
            raise ListingError(f"{url}: {answer.words}", hint="" if answer.too_large else answer.hint)
        if answer.status in _NOT_FOUND:
            raise _nothing(self._place)
        if answer.status != OK:
            raise ListingError(f"{url}: HTTP {answer.status}{proxy.words(url)}", hint=_HINT)
        return answer.body


def _nothing(place: str) -> NoCatalogError:
    return NoCatalogError(f"there is no published catalog at {place}", hint=_HINT)


def _model(row: _Row) -> Model:
    return Model(
        source=row.source,
        id=row.id,
        lifecycle=row.lifecycle,
        deprecated_at=_at(row.deprecated_at),
        retires_at=_at(row.retires_at),
        first_seen_at=dates.from_text(row.first_seen_at),
        last_seen_at=dates.from_text(row.last_seen_at),
        missing_since=_at(row.missing_since),
        removed_at=_at(row.removed_at),
        attributes={},
    )


def _check(name: str, fresh: _Freshness, listed: int) -> SourceCheck:
    row = Source(
        source=name,
        base_url="",
        scope=None,
        configured=True,
        last_whole_at=_at(fresh.last_whole_at),
        last_status=None,
        models_listed=listed,
    )
    return SourceCheck(name=name, row=row, stale_after=timedelta(seconds=fresh.stale_after))


def _at(text: str | None) -> datetime | None:
    return None if text is None else dates.from_text(text)
