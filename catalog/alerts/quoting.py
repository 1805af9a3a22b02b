r"""Makes foreign text harmless: no channel reads it as a mention, markup, a link or a line of its own.

Chat, mail and push services each have their own markup, and a message may go to any of them. Characters that one of
them acts on are replaced by a lookalike, or, in texts that people copy, by an escape such as \x40. Many services make
a link of anything like evil.com, so its dot is replaced, too.
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
# The dot after www, or before the last label of a name: what services take for the name of a website.
_LAST_DOT = re.compile(r"(?<=\bwww)\.|(?<=[^\W_])\.(?=(xn--[\w-]+|[^\W\d_]{2,})(?![\w-]|\.\w))", re.IGNORECASE)
# Paths of fields look like that, too. Only these endings may be top-level domains: short, foreign, or usual ones.
_TOP_LEVEL = re.compile(
    r"[a-z]{2,4}|xn--.*|.*[^\x00-\x7f].*|academy|agency|click|cloud|company|design|digital|email|games|global|group|money"
    r"|museum|network|online|photos|press|solutions|space|store|studio|support|systems|today|tools|video|website|world"
)
# All characters but letters, digits and those that ids use; of those, an @ that may mention, and :// of a link.
_INEXACT = re.compile(rf"[^\w.:/@+-]|{_LOOSE_UNDERSCORE}|@(?![0-9])|(?<![^\W_])@|:(?=//)")


def exact(text: str) -> str:
    """Show an id so that it can be copied; characters that ids do not use become escapes."""
    return _LAST_DOT.sub(_escape, _INEXACT.sub(_escape, text))


def path(text: str) -> str:
    """Show a path of fields in the same way; dots stay unless it looks like the name of a website."""
    return _LAST_DOT.sub(_escape_domain, _INEXACT.sub(_escape, text))


def free(text: str, longest: int) -> str:
    """Show a text that is not copied, on one line, cut to so many characters."""
    shown = harmless(text[: longest + 1]).translate(_LOOKALIKES)
    shown = _EMPHASIS.sub("＿", shown)  # noqa: RUF001 - looks alike
    shown = _DOTS.sub("․", shown)  # noqa: RUF001 - looks alike
    return cut(shown.replace("](", "] (").replace("://", ":∕∕"), longest)  # noqa: RUF001 - looks alike


def cut(text: str, longest: int) -> str:
    """Shorten a text that is too long; an ellipsis shows it."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _escape_domain(found: re.Match[str]) -> str:
    is_usual = found[1] and not _TOP_LEVEL.fullmatch(found[1].lower())
    return found[0] if is_usual else _escape(found)


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return f"\\x{ord(char):02x}" if char.isascii() else char.encode("ascii", "backslashreplace").decode()
