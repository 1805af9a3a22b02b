"""Hints for a person after an answer other than 200: by the words of the API, else by the status. Pure."""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

_SPENT = "the account behind the key is out of credit, or over its limit: see its billing page"
_WORKSPACE = "set `workspace_id` of this source to the workspace of the key"
_SLOWER = "read this list less often: raise `every`, or look for who else uses the key"
_LATER = "its side failed; the next run tries again"
_BEHIND = "what stands before the API does not reach it; the next run tries again"
_AWAY = "it does not take this question: check `base_url`"

_ANTHROPICS = ("`api_version`", "`betas`", "`lifecycle`", "`workspace_id`")  # at another API they are a mistake

# Hints by what an API's own words are about; the first match counts.
_BY_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"workspace"), _WORKSPACE),
    (re.compile(r"credit|billing|insufficient[ _]quota|payment|\bbalance\b|spend(ing)? limit"), _SPENT),
    (re.compile(r"anthropic-version|api[ _-]?version|version header"), "check `api_version` of this source"),
    (
        re.compile(r"\bbetas?\b|anthropic-beta"),
        "check `betas` of this source: the key may not use one, or it has ended",
    ),
    (re.compile(r"lifecycle"), "leave `lifecycle` of this source empty, or check its names"),
    (re.compile(r"\blimit\b|page[ _-]?size|per[ _-]page"), "lower `page_size` of this source"),
)
_LIMITED = frozenset({400, 413, 414, 422})  # about the request itself, of which `limit` is a part
_LEFT_OUT = ("lifecycle", "betas", "workspace_id", "query", "headers")
_SLOW = frozenset({408, 504})
_PLAIN = frozenset({404, 407})  # they have one meaning, whatever the words

_BY_STATUS: Mapping[int, str] = {
    402: _SPENT,
    405: _AWAY,
    406: "it has no JSON to give: check `base_url`",
    407: "the proxy wants a user and a password: write the variable that names it as http://USER:PASSWORD@HOST:PORT",
    408: "it took too long: raise `timeout` of this source",
    409: "something else goes on there; the next run tries again",
    410: "this address is gone: check `base_url`, and `api_version`",
    415: "it has no JSON to give: check `base_url`",
    421: "the host does not serve this name: check `base_url`",
    425: _LATER,
    426: "it wants another protocol: write `base_url` with https://",
    429: _SLOWER,
    431: "the headers are too large: check `betas`, and whether the key is one",
    451: "it may not be shown here, by law",
    495: "it wants a client certificate, which is not supported: name another `base_url`",
    496: "it wants a client certificate, which is not supported: name another `base_url`",
    501: _AWAY,
    502: _BEHIND,
    503: _BEHIND,
    504: _BEHIND,
    505: "it does not speak HTTP/1.1: check `base_url`",
    511: "this network wants a login first",
    **dict.fromkeys(range(520, 528), _BEHIND),
    529: "it is overloaded; the next run tries again",
}
_BY_STATUS_ELSEWHERE: Mapping[int, str] = {
    **_BY_STATUS,
    410: "this address is gone: check `base_url`",
    431: "the headers are too large: check `headers`, and whether the key is one",
}


def refused(status: int, words: str, *, first: bool, sent: Collection[str], list_url: str, native: bool) -> str:
    """The hint for a 4xx or 5xx. `sent` are the settings that shape the request; `native`: Anthropic's API is asked."""
    fitting = (told for about, told in _BY_WORDS if about.search(words.lower()))
    by_words = next((told for told in fitting if native or not any(name in told for name in _ANTHROPICS)), "")
    by_status = _BY_STATUS if native else _BY_STATUS_ELSEWHERE
    sized, about_page = "page_size" in sent, "`page_size`" in by_words
    may_be_size = sized and status in _LIMITED
    if by_words and status < 500 and status not in _PLAIN and (not about_page or may_be_size):  # noqa: PLR2004 - 5xx
        return by_words
    if status in _LIMITED and first and sent:
        smaller = ["try a smaller `page_size` of this source"] if sized else []
        return ", or ".join([*smaller, *(f"leave out `{name}`" for name in _LEFT_OUT if name in sent)])
    if status in _SLOW and sized:
        return f"{by_status[status]}, or lower `page_size`"
    other = _LATER if status >= 500 else f"check `base_url` of this source: {list_url} must be a Models API"  # noqa: PLR2004 - 5xx
    return by_status.get(status, other)


def strange(status: int, location: str, list_url: str) -> tuple[str, str]:
    """What a status below 400 means, and the hint. A `Location` is never quoted: it may hold a secret."""
    if status in _STRANGE:
        return _STRANGE[status]
    if status >= 300:  # noqa: PLR2004 - 3xx
        where, hint = _leads(location, list_url)
        return f": it leads {where}; redirects are refused, because the key would go with them", hint
    return ": only 200 is an answer", f"check `base_url` of this source: {list_url}"


def phrase(status: int) -> str:
    """The name of a status; empty: it is not registered."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


_ONLY = "; only 200 is an answer"
_NOTHING = (
    f": it holds no list{_ONLY}",
    "check `base_url` of this source, and what stands before it",
)
_CACHE = "a cache or a proxy stands between: let it pass this question on"
_STRANGE: Mapping[int, tuple[str, str]] = {
    101: (f": it speaks another protocol now{_ONLY}", "check `base_url` of this source: this is no Models API"),
    202: (f": the answer is still to come{_ONLY}", "the next run tries again"),
    203: (f": something on the way changed the answer{_ONLY}", _CACHE),
    204: _NOTHING,
    205: _NOTHING,
    206: (f": a part of the list came, although all was asked for{_ONLY}", _CACHE),
    300: (": it offers several addresses; redirects are refused", "write one of them as `base_url`"),
    304: (": a cache says that nothing is new, although nothing was remembered", _CACHE),
    305: (": it wants a proxy to be used", "name the proxy in HTTPS_PROXY, if you trust it"),
}


def _leads(location: str, list_url: str) -> tuple[str, str]:
    nowhere = ("nowhere", "check `base_url` of this source")
    if not location:
        return nowhere
    try:
        asked, told = urlsplit(list_url), urlsplit(urljoin(list_url, location))
        same = asked.hostname == told.hostname
    except ValueError:
        return nowhere
    if re.search(r"log-?in|sign-?in|auth|sso", told.path.lower()):
        return "to a login", "a login stands before it: write the address of the API itself as `base_url`"
    if same and (asked.scheme, told.scheme) == ("http", "https"):
        return "to https", "write `base_url` with https://"
    elsewhere = "to another path" if same else "to another host"
    return elsewhere, "set `base_url` to the address it leads to, if you trust that one"
