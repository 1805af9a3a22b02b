"""What follows a page, and what proves the end of a list: one small function for each style of paging. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from catalog.dotted import Path, dig, path
from catalog.errors import AnswerError
from catalog.settings import Paging as Style
from catalog.settings import SourceSettings
from catalog.upstream import marks

Params = tuple[tuple[str, str], ...]  # of a query; names may repeat

_MOST = 8192  # characters of a token or an address
_SHIFTED = "the total changed between two pages"


@dataclass(frozen=True, kw_only=True)
class Paging:
    """How one list goes on from page to page."""

    style: Style = "cursor"
    next: Path = ()  # where the answer names the next page
    token_param: str = "after_id"  # noqa: S105 - the name of a parameter
    size_param: str = "limit"  # empty: no size is asked for
    size: int = 1000  # entries of a page
    total: Path = ()  # where the answer counts the list
    query: Params = ()  # sent with every page

    @property
    def asked_size(self) -> int | None:
        """How many entries a page was asked to have; None: that was left to the server."""
        return self.size if self.size_param else None

    def first(self) -> Params:
        """The query of the first page."""
        return ((self.size_param, str(self.size)), *self.query) if self.size_param else self.query


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFacts:
    """What a page and those before it came to; counts are of entries of any kind."""

    told: Mapping[str, Any]  # the answer without its entries
    links: str = ""  # its header `Link`
    path: str  # of the list
    entries: int
    sum: int  # with those of the pages before it
    longest: int  # of the pages before it; 0: this is the first
    pages: int  # with this one
    total: int | None = None  # as the page before it counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Following:
    """The query of the next page; None: the list ends here."""

    params: Params | None
    proven: bool = True  # whether the end is; else the page may have been cut off
    total: int | None = None  # entries of the whole list, as this answer counts them
    shifted: str = ""  # why the list must have moved since the page before; empty: it need not have


def of(source: SourceSettings) -> Paging:
    """The paging that the settings of a source describe."""
    layout = source.list
    query = [(name, value) for name, values in source.query.items() for value in values]
    query += [("lifecycle[]", name) for name in source.lifecycle]
    return Paging(
        style=source.paging,
        next=path(layout.next),
        token_param=layout.token_param,
        size_param=layout.size_param,
        size=source.page_size,
        total=path(layout.total or ""),
        query=tuple(query),
    )


def follow(paging: Paging, got: PageFacts) -> Following:
    """Say what follows a page of any style but `cursor`. Raises AnswerError when that cannot be asked for."""
    match paging.style:
        case "token":
            return _by_token(paging, got)
        case "url":
            return _by_url(paging, got, dig(got.told, paging.next), is_named=_is_named(got.told, paging.next))
        case "link":
            return _by_url(paging, got, marks.next_link(got.links), is_named=False)
        case "page":
            return _by_number(paging, got)
        case _:  # one document, or the walk by cursors, which asks by itself
            return Following(params=None)


def is_short(paging: Paging, got: PageFacts) -> bool:
    """Whether a page is shorter than a page that is followed by another one would be."""
    asked = paging.asked_size
    if asked is None and not got.longest:
        return True
    return (asked is None or got.entries < asked) and (not got.longest or got.entries < got.longest)


def _end(paging: Paging, got: PageFacts, *, stated: bool) -> Following:
    """The list ends: because the answer says so, or because it names nothing, which a full page does not prove."""
    return Following(params=None, proven=stated or is_short(paging, got))


def _by_token(paging: Paging, got: PageFacts) -> Following:
    token = dig(got.told, paging.next)
    if isinstance(token, int) and not isinstance(token, bool):
        token = str(token)
    if token is None or token == "":
        return _end(paging, got, stated=_is_named(got.told, paging.next))
    where = ".".join(paging.next)
    if not isinstance(token, str) or not token.isprintable() or len(token) > _MOST:
        raise AnswerError(
            f"`{where}` is no token that can be sent back", hint=f"check list.next of this source: {where}"
        )
    return Following(params=_laid_over(paging.first(), ((paging.token_param, token),)))


def _by_url(paging: Paging, got: PageFacts, address: Any, *, is_named: bool) -> Following:
    """Follow the query of an address. Its host and path are never used: the key goes to the configured one alone."""
    if address is None or address == "":
        return _end(paging, got, stated=is_named)
    where = ".".join(paging.next) or 'Link: rel="next"'
    if not isinstance(address, str) or not address.isprintable() or len(address) > _MOST:
        raise AnswerError(f"`{where}` is no address", hint="check list.next of this source")
    try:
        parts = urlsplit(address)
    except ValueError:
        raise AnswerError(f"`{where}` is no address", hint="check list.next of this source") from None
    if parts.path and not _leads_to(parts.path, got.path):
        raise AnswerError(
            f"`{where}` leads to another path than this list's", hint="check base_url and list.path of this source"
        )
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    if not query:
        raise AnswerError(
            f"`{where}` has no query, so it leads to the first page again", hint="check list.next of this source"
        )
    return Following(params=_laid_over(paging.first(), query))


def _leads_to(path: str, ours: str) -> bool:
    """Whether a path is ours; a gateway may have put something before it, or our base address may have."""
    mine, theirs = ours.rstrip("/"), path.rstrip("/")
    return theirs.endswith(mine) or mine.endswith(theirs if theirs.startswith("/") else f"/{theirs}")


def _by_number(paging: Paging, got: PageFacts) -> Following:
    total, where = marks.count(dig(got.told, paging.total)), ".".join(paging.total)
    if total is None or total < 0:
        raise AnswerError(
            f"the answer has no count at `{where}`, so nothing says where it ends",
            hint="check list.total of this source",
        )
    shifted = _SHIFTED if got.total not in {None, total} else ""
    if got.sum >= total:
        return Following(params=None, proven=got.sum == total, total=total, shifted=shifted)
    if not got.entries:
        raise AnswerError(
            f"page {got.pages} is empty although `{where}` counts {total:,} entries, and {got.sum:,} came"
        )
    following = ((paging.token_param, str(got.pages + 1)),)
    return Following(params=_laid_over(paging.first(), following), total=total, shifted=shifted)


def _is_named(told: Mapping[str, Any], path: Path) -> bool:
    """Whether the answer has the member, whatever it says."""
    around = dig(told, path[:-1])
    return bool(path) and isinstance(around, Mapping) and path[-1] in around


def _laid_over(ours: Params, theirs: Sequence[tuple[str, str]]) -> Params:
    """Lay a query over another one: of a name that both have, theirs counts."""
    names = {name for name, _ in theirs}
    return (*((name, value) for name, value in ours if name not in names), *theirs)
