"""Reads the members beside a list that say that more follows, or how many entries there are. Pure."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from catalog.errors import AnswerError

ONE_PAGE = "raise `page_size` of this source, so that all of its list fits one page"
_BY_CURSOR = 'set paging = "cursor" for this source, if its list goes on by `after_id`'

# Compared without case, "_" and "-": `nextPageToken`, `next_page_token` and `NextPageToken` are one name.
_NEXT = frozenset({"next", "nextpage", "nextpagetoken", "nexttoken", "nextcursor", "nextlink", "@odata.nextlink"})
_MORE = frozenset({"hasmore"})
_TOTAL = frozenset({"total", "totalcount", "totalsize"})

_NOTHING = frozenset({"", "0", "false", "no", "nil", "none", "null", "undefined"})  # texts that name no next page
_PLAIN = re.compile("[A-Za-z_@$.-]{1,32}")  # no digits: an echoed key does not fit
_DIGITS = re.compile("[0-9]{1,18}")

# RFC 8288, section 3: links are parted by commas, their parameters by semicolons; values may be quoted.
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*)"""
_LINK = re.compile(rf'<([^<>]*)>((?:\s*;\s*(?:[^\s;,="]+(?:\s*=\s*{_VALUE})?)?)*)')
_PARAMETER = re.compile(rf';\s*([^\s;,="]+)\s*=\s*({_VALUE})')


class Member(NamedTuple):
    """A member beside the list, or inside an object beside the list."""

    outer: str  # the name of that object; empty: it stands by itself
    name: str
    value: Any

    @property
    def path(self) -> str:
        """Its dotted path for people; an outer name that is no plain word is not shown."""
        if not self.outer:
            return self.name
        return f"{self.outer if _PLAIN.fullmatch(self.outer) else '...'}.{self.name}"


class Total(NamedTuple):
    """How many entries the list has, and the member that says so."""

    path: str
    entries: int


def is_mark(name: str) -> bool:
    """True when a member of this name says that more follows, or how many entries there are."""
    return _bare(name) in _NEXT | _MORE | _TOTAL


def unfollowed(members: Iterable[Member], links: str) -> Member | None:
    """The first member, or the header `Link`, that says that more follows; None: nothing says so."""
    for each in members:
        if _bare(each.name) in _NEXT | _MORE and _says_something(each.value):
            return each
    return Member("", 'Link: rel="next"', links) if next_link(links) else None


def refusal(members: Iterable[Member], links: str, *, style: str, one_page: str) -> AnswerError | None:
    """The error for the last answer of a walk when it says that more follows; None: it does not say so.

    `one_page` is the setting that makes one page of the list; empty: there is none.
    """
    mark = unfollowed(members, links)
    if mark is None:
        return None
    words = f"more follows (`{mark.path}`), and this source does not follow it"
    return AnswerError(words, hint=one_page if style == "cursor" and one_page else _cure(mark, links, one_page))


def _cure(mark: Member, links: str, one_page: str) -> str:
    """The settings that follow a mark."""
    if _bare(mark.name) in _MORE:
        return f"{_BY_CURSOR}; else {one_page}" if one_page else _BY_CURSOR
    if mark.value == links:
        return 'set paging = "link" for this source'
    named = f'list.next = "{mark.path}"'
    if isinstance(mark.value, str) and mark.value.startswith(("http://", "https://", "/", "?")):
        return f'set paging = "url" and {named} for this source'
    return f'set paging = "token", {named}, and list.token_param, the parameter that takes it, for this source'


def total(members: Iterable[Member]) -> Total | None:
    """The largest count of the whole list's entries; None: none is given."""
    told = [each for each in members if _bare(each.name) in _TOTAL]
    counts = [Total(each.path, entries) for each in told if (entries := count(each.value)) is not None]
    return max(counts, key=lambda each: each.entries, default=None)


def count(value: Any) -> int | None:
    """Read a number of entries; None: it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return value if isinstance(value, int) else None


def _bare(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _says_something(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    if isinstance(value, dict | list):  # such as {"href": ...}
        return any(value.values() if isinstance(value, dict) else value)
    return bool(value)


def next_link(header: str) -> str | None:
    """The target of the first link to the next page in a `Link` header (RFC 8288); None: there is none."""
    links = ((target.strip(), parameters) for target, parameters in _LINK.findall(header))
    return next((target for target, parameters in links if target and "next" in _relations(parameters)), None)


def _relations(parameters: str) -> list[str]:
    """The relation types of a link; only its first `rel` counts (RFC 8288, section 3.3)."""
    named = [value for name, value in _PARAMETER.findall(parameters) if name.lower() == "rel"]
    return re.sub(r"""\\(.)|["']""", r"\1", named[0]).lower().split() if named else []
