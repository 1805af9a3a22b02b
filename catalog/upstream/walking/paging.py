"""What follows a page, and what proves the end of a list: one small function for each style of paging. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlencode, urljoin, urlsplit

from catalog.dotted import Path, dig, path
from catalog.errors import AnswerError
from catalog.settings import Paging as Style
from catalog.settings import SourceSettings
from catalog.upstream.walking import marks

Params = tuple[tuple[str, str], ...]  # of a query; names may repeat

_MOST = 8192  # characters of a token or an address
_SHIFTED = "the total changed between two pages"
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")  # one that begins no escape: RFC 3986, section 2.1


@dataclass(frozen=True, kw_only=True)
class Paging:
    """How one list goes on from page to page."""

    url: str = ""  # of the list
    path: str = ""  # the end of it: without the base address, which may name a gateway
    style: Style = "cursor"
    next: Path = ()  # where the answer names the next page
    token_param: str = "after_id"  # noqa: S105 - the name of a parameter
    size_param: str = "limit"  # empty: no size is asked for
    size: int = 1000  # entries of a page
    most: int = 1000  # that a page may be asked for
    total: Path = ()  # where the answer counts the list
    query: Params = ()  # sent with every page

    @property
    def asked_size(self) -> int | None:
        """How many entries a page was asked to have; None: that was left to the server."""
        return self.size if self.size_param else None

    @property
    def one_page(self) -> str:
        """The setting that makes one page of a list; empty: no size is asked for, or none that is larger is taken."""
        may_grow = self.size_param and (self.style == "cursor" or self.size < self.most)
        return marks.ONE_PAGE if may_grow else ""

    def first(self) -> str:
        """The query of the first page."""
        return spell(((self.size_param, str(self.size)), *self.query) if self.size_param else self.query)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFacts:
    """What a page and those before it came to; counts are of entries of any kind."""

    told: Mapping[str, Any]  # the answer without its entries
    links: str = ""  # its header `Link`
    entries: int
    sum: int  # with those of the pages before it
    longest: int = 0  # of the pages before it; 0: this is the first
    pages: int = 1  # with this one
    total: int | None = None  # as the page before it counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Following:
    """The query of the next page; None: the list ends here."""

    query: str | None
    proven: bool = True  # whether the end is; else the page may have been cut off
    total: int | None = None  # entries of the whole list, as this answer counts them
    shifted: str = ""  # why the list must have moved since the page before; empty: it need not have


def of(source: SourceSettings) -> Paging:
    """The paging that the settings of a source describe."""
    layout = source.list
    query = [(name, value) for name, values in source.query.items() for value in values]
    query += [("lifecycle[]", name) for name in source.lifecycle]
    return Paging(
        url=f"{source.base_url}{layout.path}",
        path=layout.path,
        style=source.paging,
        next=path(layout.next),
        token_param=layout.token_param,
        size_param=layout.size_param,
        size=source.page_size,
        most=source.largest_page,
        total=path(layout.total or ""),
        query=tuple(query),
    )


def spell(params: Iterable[tuple[str, str]]) -> str:
    """Spell a query as it is sent."""
    return urlencode(list(params))


def follow(paging: Paging, got: PageFacts) -> Following:
    """Say what follows a page of any style but `cursor`. Raises AnswerError when that cannot be asked for."""
    match paging.style:
        case "token":
            return _by_token(paging, got)
        case "url":
            return _by_url(paging, got, _said(got.told, paging.next))
        case "link":
            return _by_url(paging, got, (marks.next_link(got.links), False))
        case "page":
            return _by_number(paging, got)
        case _:  # one document, or the walk by cursors, which asks by itself
            return Following(query=None)


def is_short(paging: Paging, got: PageFacts) -> bool:
    """Whether a page is shorter than a page that is followed by another one would be."""
    asked = paging.asked_size
    if asked is None and not got.longest:
        return True
    return (asked is None or got.entries < asked) and (not got.longest or got.entries < got.longest)


def _end(paging: Paging, got: PageFacts, *, stated: bool) -> Following:
    """The list ends: because the answer says so, or because it names nothing, which a full page does not prove."""
    return Following(query=None, proven=stated or is_short(paging, got))


def _says_end(value: Any) -> bool:
    """Whether a token or an address is none: null, "", blanks, false or 0, with which no list goes on."""
    return not (value.strip() if isinstance(value, str) else value) and not isinstance(value, dict | list)


def _by_token(paging: Paging, got: PageFacts) -> Following:
    token, is_named = _said(got.told, paging.next)
    if _says_end(token):
        return _end(paging, got, stated=is_named)
    where = ".".join(paging.next)
    if not isinstance(token, str) and (number := marks.count(token)) is not None:
        token = str(number)
    if not isinstance(token, str) or not token.isprintable() or len(token) > _MOST:
        raise AnswerError(
            f"`{where}` is no token that can be sent back", hint=f"check list.next of this source: {where}"
        )
    return Following(query=_laid_over(paging.first(), spell([(paging.token_param, token)])))


def _by_url(paging: Paging, got: PageFacts, said: tuple[Any, bool]) -> Following:
    """Follow the query of an address. Its host and path are never used: the key goes to the configured one alone."""
    address, is_named = said
    if _says_end(address):
        return _end(paging, got, stated=is_named)
    where = ".".join(paging.next) or 'Link: rel="next"'
    if not isinstance(address, str) or not address.isprintable() or len(address) > _MOST:
        raise AnswerError(f"`{where}` is no address", hint="check list.next of this source")
    try:
        parts = urlsplit(urljoin(paging.url, address.strip()))
    except ValueError:
        raise AnswerError(f"`{where}` is no address", hint="check list.next of this source") from None
    if not _leads_here(paging, parts.path):
        raise AnswerError(
            f"`{where}` leads to another path than this list's", hint="check base_url and list.path of this source"
        )
    if not parts.query.strip("&"):
        raise AnswerError(
            f"`{where}` has no query, so it leads to the first page again", hint="check list.next of this source"
        )
    return Following(query=_laid_over(paging.first(), _STRAY_PERCENT.sub("%25", parts.query)))


def _leads_here(paging: Paging, path: str) -> bool:
    """Whether a path is that of the list, of which the whole `list.path` counts.

    What stands before it does not. A gateway has a prefix of its own, and the links in the answers that it passes on
    lack it, or have that of the API behind it. The check finds links to another list, of which only the query would be
    asked for, here: what comes then would be taken for the next page. It guards no secret, since no path is followed.
    """
    ours = paging.path.rstrip("/") or urlsplit(paging.url).path.rstrip("/")
    theirs = unquote(path).rstrip("/")
    return theirs.endswith(unquote(ours)) if ours else not theirs


def _by_number(paging: Paging, got: PageFacts) -> Following:
    total, where = marks.count(dig(got.told, paging.total)), ".".join(paging.total)
    if total is None or total < 0:
        raise AnswerError(
            f"the answer has no count at `{where}`, so nothing says where it ends",
            hint="check list.total of this source",
        )
    shifted = _SHIFTED if got.total not in {None, total} else ""
    if got.sum >= total:
        return Following(query=None, proven=got.sum == total, total=total, shifted=shifted)
    if not got.entries:
        raise AnswerError(
            f"page {got.pages} is empty although `{where}` counts {total:,} entries, and {got.sum:,} came"
        )
    following = spell([(paging.token_param, str(got.pages + 1))])
    return Following(query=_laid_over(paging.first(), following), total=total, shifted=shifted)


def _said(told: Mapping[str, Any], at: Path) -> tuple[Any, bool]:
    """What the answer says at a path, and whether it has the member; its name may hold dots: `@odata.nextLink`."""
    for *outer, name in (at, [".".join(at)]):
        around = dig(told, tuple(outer))
        if isinstance(around, Mapping) and name in around:
            return around[name], True
    return None, False


def _laid_over(ours: str, theirs: str) -> str:
    """Lay a query over another one: of a name that both have, theirs counts.

    The escapes stay as they were received: decoded and encoded again, `%ff` or `+` could come out as something else.
    """
    names = {name for name, _ in parse_qsl(theirs, keep_blank_values=True)}
    kept = [pair for pair in ours.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in names]
    return "&".join([*kept, theirs])
