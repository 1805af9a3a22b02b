"""Two hundred texts that somebody could put into a models list to harm whoever reads of it."""

import re
import unicodedata

CONTROLS = tuple(f"a{chr(code)}b" for code in (*range(32), *range(0x7F, 0xA0)))  # C0, DEL and C1
BIDI = tuple(f"claude{char}lpha" for char in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = tuple(
    f"cl{char}aude" for char in "\u00ad\u034f\u180e\u200b\u200c\u200d\u2060\u2061\u2064\ufeff\ufff9\U000e0041\U000e0001"
)
BREAKS = ("a\u2028b", "a\u2029b", "a\u0085b", "a\r\nb", "a\n\nb", "\n", "\r", "\t", " ", "  a  ", "a\u00a0b", "\u3000")
FORMULAS = (
    *(f"{sign}1+1" for sign in "=+-@|"),
    *(f"{sign}cmd|' /C calc'!A0" for sign in "=+-@"),
    *(f"{sign}SUM(1)" for sign in "\uff1d\uff0b\uff0d\uff20"),
    *("\t=1+1", "\r=1+1", "\n=1+1", ' "=1+1', '"=1+1"', "'=1+1", '=HYPERLINK("http://evil.example","x")', "=1+1;=2+2"),
    *('","=1+1', '",=1+1\n=2+2,"', "-1", "+1", "-", "=", "%0A=1+1", "=IMPORTXML(CONCAT(1))", "\u200b=1+1", "\x00=1+1"),
)
ESCAPES = (
    *(
        "\x1b[31mred",
        "\x1b[2J\x1b[H",
        "\x1b[5mblink",
        "\x1b]0;title\x07",
        "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\",
    ),
    *("\x9b31mred", "\x1bP+q544e\x1b\\", "\x1b[6n", "\x1b]52;c;ZXZpbA==\x07", "\x1b(0lqqk", "\x08\x08\x08ok", "\x1bc"),
)
MARKUP = (
    *(
        "<script>alert(1)</script>",
        "<b>bold</b>",
        "<img src=x onerror=alert(1)>",
        "&lt;b&gt;",
        "<!-- -->",
        "</td>",
        "<!DOCTYPE x>",
    ),
    *("[bold]x[/bold]", "[/]", "[/red]", "[link=http://evil.example]x[/link]", ":smile:", "[@click=app.quit]x[/]"),
    *(
        "[x](http://evil.example)",
        "**bold**",
        "_it_",
        "~~no~~",
        "`code`",
        "```\nblock\n```",
        "# head",
        "> quote",
        "- item",
        "||x||",
    ),
    *("![x](http://evil.example/x.png)", "<http://evil.example|x>", "http://evil.example/?q=1", "javascript:alert(1)"),
    *("evil.example", "www.evil.example", "tel:+1555", "mailto:a@evil.example", "\\*not\\*", "a|b|c", "| - | - |"),
)
MENTIONS = (
    *(
        "@everyone",
        "@here",
        "@channel",
        "<!everyone>",
        "<!here|here>",
        "<@U123>",
        "<#C123|x>",
        "<@&123>",
        "<at>All</at>",
        "@room",
    ),
    *("a@all", "/invite @x", "#general", "<tg-spoiler>x</tg-spoiler>", "[x](tg://user?id=1)", "<t:1:R>", "</cmd:1>"),
)
INJECTIONS = (
    *(
        "'; DROP TABLE catalog_model; --",
        "x' OR '1'='1",
        "1); DELETE FROM models; --",
        "$$;",
        "\\'",
        "%'; --",
        "\\",
        "\\\\",
    ),
    *(
        "$(reboot)",
        "`reboot`",
        "; reboot",
        "| reboot",
        "&& reboot",
        "$HOME",
        "${HOME}",
        "${KEY}",
        "${jndi:ldap://x}",
        "!!",
        "> /etc/x",
    ),
    *(
        "{{7*7}}",
        "{% x %}",
        "<%= 7*7 %>",
        "#{7*7}",
        "{0}",
        "{}",
        "{self.__class__}",
        "{x!r}",
        "%s%s%s%n",
        "%(key)s",
        "%d",
        "%",
        "%%",
    ),
    *(
        "a\r\nBcc: all@evil.example",
        "a\nSubject: x",
        "a\r\n\r\n<html>",
        "a\r\nSet-Cookie: x=1",
        "a\r\n.\r\nMAIL FROM:<x>",
        "a\n.\nb",
    ),
    *(
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\x",
        "file:///etc/passwd",
        "\\\\evil\\x",
        "a/b",
        "..",
        ".",
        "a?b#c",
        "%2e%2e%2f",
        "%00",
    ),
    *(
        "null",
        "NaN",
        "true",
        "None",
        "undefined",
        "0",
        "1e999",
        "[]",
        '{"a": 1}',
        '"quoted"',
        "'",
        '"',
        ",",
        ";",
        '"""',
        "--help",
        "-v",
    ),
    *(
        "ERROR catalog: forged",
        "\ncatalog: warning: forged",
        '\n{"event": "forged"}',
        'x"} 1\nforged_metric{a="b',
        "x\\n# HELP y",
    ),
)
SCRIPTS = (
    *(
        "e\u0301",
        "é",
        "Z" + "\u0300\u0334\u0489" * 30,
        "שלום",
        "مرحبا",
        "モデル",
        "\U0001f600",
        "👩‍👩‍👧‍👦",
        "🇩🇪",
        "ﷺ",
        "Ａ",
        "ﬁ",
    ),
    *("аdmin", "İ", "ß", "ǅ", "\ufffd", "\uffff", "\U0010ffff", "\ud800", "a\udfffb", "\ue000", "\u0600\u0601", "क्‍ष"),
)
LONG = (
    "x" * 256,
    "x" * 257,
    "y" * 5_000,
    "字" * 1_000,
    "\U0001f600" * 400,
    "\x1b[31m" * 500,
    "a " * 2_000,
    "\u202e" * 300,
)
STRINGS = tuple(
    dict.fromkeys(
        (*CONTROLS, *BIDI, *INVISIBLE, *BREAKS, *FORMULAS, *ESCAPES, *MARKUP, *MENTIONS, *INJECTIONS, *SCRIPTS, *LONG)
    )
)

# What no terminal, log or mail may get raw: controls, line and paragraph separators, and what turns text around.
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
# What a chat program, a mail program or a browser would act on.
ACTS = re.compile(r"<[!@#/a-zA-Z]|@(?:everyone|here|channel|room|all)|\]\(|https?://|`|\*\*|~~|\|\|", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_KEPT = "\u200c\u200d\u00a0\u3000\u202f"  # joiners that scripts need, and blanks


def is_id(text: str) -> bool:
    """Tell whether the walk takes a text for an id."""
    return 0 < len(text) <= 256 and not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)


def stored(text: str) -> str:
    """Say what of a text, sent as it stands, every database holds: half a character is three bytes that are none."""
    arrived = text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", arrived)


def in_csv(text: str) -> str:
    """Say how a text stands in CSV: exact, but that a formula is none and that nothing invisible stays invisible."""
    shown = "".join(char if _is_seen(char) else char.encode("unicode_escape").decode() for char in text)
    return "'" + shown if text.startswith(FORMULA) else shown


def _is_seen(char: str) -> bool:
    return char == " " or char in _KEPT or unicodedata.category(char)[0] not in "CZ"
