r"""Strangers' text in messages: no channel may take it for a mention, markup, a link or a line of its own.

Chat programs, mail and push services each have a markup of their own, and a message goes to any of them: what one of
them could act on is replaced by a sign that looks alike, or, where a text is copied by hand, by an escape: \x40. Many
make a link of whatever looks like the name of a website, so the dot of evil.com is such a sign, too.
"""

import re

from catalog.text import harmless

# Mentions and channels, HTML and Slack's links, code, emphasis, strike-through, spoilers and tables.
_LOOKALIKES = str.maketrans(
    {"@": "＠", "#": "＃", "<": "‹", ">": "›", "`": "'", "*": "∗", "~": "∼", "|": "¦"}  # noqa: RUF001 - the point
)
_LOOSE_UNDERSCORE = r"(?<![^\W_])_|_(?![^\W_])"  # emphasis; between two letters it is none
_EMPHASIS = re.compile(_LOOSE_UNDERSCORE)
_DOTS = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
# What ends as the name of a website does: with www, or before letters that are the whole of a last label.
_LAST_DOT = re.compile(r"(?<=\bwww)\.|(?<=[^\W_])\.(?=(xn--[\w-]+|[^\W\d_]{2,})(?![\w-]|\.\w))", re.IGNORECASE)
# Paths of fields end so, too; of them only what may be a top-level domain: a short one, a foreign one, or a usual one.
_TOP_LEVEL = re.compile(
    r"[a-z]{2,4}|xn--.*|.*[^\x00-\x7f].*|academy|agency|click|cloud|company|design|digital|email|games|global|group|money"
    r"|museum|network|online|photos|press|solutions|space|store|studio|support|systems|today|tools|video|website|world"
)
# All but letters, digits and what ids are made of; of that an @ that could mention, and what makes a link.
_INEXACT = re.compile(rf"[^\w.:/@+-]|{_LOOSE_UNDERSCORE}|@(?![0-9])|(?<![^\W_])@|:(?=//)")


def exact(text: str) -> str:
    """Show an id so that it can be copied; whatever no usual one has in it becomes an escape."""
    return _LAST_DOT.sub(_escape, _INEXACT.sub(_escape, text))


def path(text: str) -> str:
    """Show a path of fields so that it can be copied, in the same way; most of them keep all their dots."""
    return _LAST_DOT.sub(_escape_domain, _INEXACT.sub(_escape, text))


def free(text: str, longest: int) -> str:
    """Show a text that is only read, on one line, cut to so many characters."""
    shown = harmless(text[: longest + 1]).translate(_LOOKALIKES)
    shown = _EMPHASIS.sub("＿", shown)  # noqa: RUF001 - looks alike
    shown = _DOTS.sub("․", shown)  # noqa: RUF001 - looks alike
    return cut(shown.replace("](", "] (").replace("://", ":∕∕"), longest)  # noqa: RUF001 - looks alike


def cut(text: str, longest: int) -> str:
    """Shorten a text that is too long, and show that it was."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _escape_domain(found: re.Match[str]) -> str:
    is_usual = found[1] and not _TOP_LEVEL.fullmatch(found[1].lower())
    return found[0] if is_usual else _escape(found)


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return f"\\x{ord(char):02x}" if char.isascii() else char.encode("ascii", "backslashreplace").decode()
