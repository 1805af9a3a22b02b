r"""Strangers' text in messages: no channel may take it for a mention, markup, a link or a line of its own.

Chat programs, mail and push services each have a markup of their own, and a message goes to any of them: what one of
them could act on is replaced by a sign that looks alike, or, where a text is copied by hand, by an escape: \x40.
"""

import re

from catalog import plain

# Mentions and channels, HTML and Slack's links, code, emphasis, strike-through, spoilers and tables.
_LOOKALIKES = str.maketrans(
    {"@": "＠", "#": "＃", "<": "‹", ">": "›", "`": "'", "*": "∗", "~": "∼", "|": "¦"}  # noqa: RUF001 - the point
)
_LOOSE_UNDERSCORE = r"(?<![^\W_])_|_(?![^\W_])"  # emphasis; between two letters it is none
_EMPHASIS = re.compile(_LOOSE_UNDERSCORE)
_DOMAIN = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
# All but letters, digits and what ids are made of; of that an @ that could mention, and what makes a link.
_INEXACT = re.compile(rf"[^\w.:/@+-]|{_LOOSE_UNDERSCORE}|@(?![0-9])|(?<![^\W_])@|:(?=//)")


def exact(text: str) -> str:
    """Show an id or a path so that it can be copied; whatever no usual one has in it becomes an escape."""
    return _INEXACT.sub(_escape, text)


def free(text: str, longest: int) -> str:
    """Show a text that is only read, on one line, cut to so many characters."""
    shown = plain.harmless(text[: longest + 1]).translate(_LOOKALIKES)
    shown = _EMPHASIS.sub("＿", shown)  # noqa: RUF001 - looks alike
    return cut(shown.replace("](", "] (").replace("://", ":∕∕"), longest)  # noqa: RUF001 - looks alike


def name(text: str, longest: int) -> str:
    """Show a name as `free` does, and so that nothing takes a part of it for the name of a website."""
    return _DOMAIN.sub("․", free(text, longest))  # noqa: RUF001 - looks alike


def cut(text: str, longest: int) -> str:
    """Shorten a text that is too long, and show that it was."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return f"\\x{ord(char):02x}" if char.isascii() else char.encode("ascii", "backslashreplace").decode()
