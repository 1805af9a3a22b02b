"""Slips of the hand that turn a value into another one: quotes, blanks, variables that nobody filled in. Pure.

The words follow the name of the setting or variable and never quote the value, which may be a secret.
"""

import re

_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_EITHER = "".join({*_QUOTES, *_QUOTES.values()})
_MARK = "\ufeff"
_UNFILLED = re.compile(r"\$\{|\$\(|\{\{|^\$[A-Za-z_][A-Za-z0-9_]*$|^%[A-Za-z_][A-Za-z0-9_]*%$")
_NAMED = re.compile(r"(export\s+)?[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\s*=.")
_BEARER = re.compile(r"bearer\s", re.IGNORECASE)


def found(text: str, *, filled: bool = True) -> str:
    """Say what is wrong with a whole value; empty: nothing. `filled`: no ${VARIABLE} may be left in it."""
    inner = text.strip()
    if _MARK in text:
        return "holds a byte-order mark: save it as UTF-8 without one"
    if quotes := _quotes(inner):
        return quotes
    if filled and _UNFILLED.search(inner):
        return "names a variable that nobody filled in"
    if text != inner:
        return "begins or ends with a blank: leave it out"
    return ""


def in_secret(text: str) -> str:
    """Say what is wrong with a key or another secret, blanks around which do no harm; empty: nothing."""
    inner = text.strip()
    if slip := found(inner):
        return slip
    if _NAMED.match(inner):
        return "holds a name and = before the value: leave both out"
    return "begins with Bearer: leave that out" if _BEARER.match(inner) else ""


def _quotes(text: str) -> str:
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        return "is in quotes: leave them out (docker --env-file keeps them)"
    return "begins or ends with a quote: leave it out" if text and (text[0] in _EITHER or text[-1] in _EITHER) else ""
