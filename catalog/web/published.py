"""Reads a published folder, on this machine or on a web server: which models it has, and how fresh they are."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from catalog import dates
from catalog.domain import DATE_FIELDS, Model, Source
from catalog.errors import ConfigError, ListingError, NoCatalogError
from catalog.health import SourceCheck
from catalog.http import encodings, hosts, proxy
from catalog.http.exchange import OK, Exchange, Received
from catalog.web.folder import MANIFEST
from catalog.web.publish import EVERY

_SECONDS = 120.0
_LARGEST = 1_000_000_000  # bytes; a model takes about 1,000
_MOMENTS = (*DATE_FIELDS, "first_seen_at", "last_seen_at", "missing_since", "removed_at")
_EXAMPLE = "https://models.example.org/catalog"
_HINT = "name what `catalog publish` writes: its folder, or the address of its index.html"
_NOT_FOUND = (404, 410)


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What a published folder knows; each of its sources with how fresh it is."""

    models: Sequence[Model]
    sources: Sequence[SourceCheck]


def read(place: str) -> Published:
    """Read the folder at a path or a URL.

    Raises ConfigError for an address that cannot be used, NoCatalogError where nothing was published, ListingError for
    what cannot be read.
    """
    manifest, rows = _Folder(place).read() if "://" not in place else _Site(place).read()
    try:
        models = [_model(row) for row in rows]
        return Published(
            models=models, sources=[_source(name, told, models) for name, told in manifest["sources"].items()]
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise _foreign(place) from None


class _Folder:
    """On this machine."""

    def __init__(self, place: str) -> None:
        self._place = place

    def read(self) -> tuple[Any, Any]:
        """Give the manifest, and the rows of all models."""
        return self._json(MANIFEST), self._json(f"{EVERY}.json")

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self.bytes(name))
        except (ValueError, RecursionError):
            raise _foreign(self._place) from None

    def bytes(self, name: str) -> bytes:
        path = Path(self._place) / name
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise _nothing(self._place) from None
        except (OSError, ValueError) as error:
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
            raise ConfigError("--catalog must be an https:// URL: over plain http anybody may answer", hint=_HINT)

    def read(self) -> tuple[Any, Any]:
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


def _foreign(place: str) -> ListingError:
    return ListingError(f"{place} holds no catalog that this program published", hint="publish it again; " + _HINT)


def _model(row: Mapping[str, Any]) -> Model:
    moments = {name: None if row[name] is None else dates.from_text(row[name]) for name in _MOMENTS}
    return Model(**{**row, **moments, "attributes": {}})


def _source(name: str, told: Mapping[str, Any], models: Sequence[Model]) -> SourceCheck:
    last = told["last_whole_at"]
    row = Source(
        source=name,
        base_url="",
        scope=None,
        configured=True,
        last_whole_at=None if last is None else dates.from_text(last),
        last_status=None,
        models_listed=sum(model.source == name and model.removed_at is None for model in models),
    )
    return SourceCheck(name=name, row=row, stale_after=timedelta(seconds=told["stale_after"]))
