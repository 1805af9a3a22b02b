"""Texts that a list can hold and that must do no harm in any shape: what each shape shows is `harmless(text)`."""

from tests.attacks.hostile import is_id

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "]]><b>x</b>",
    "<!--",
    "&amp;&#60;&lt;",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
)
CHARACTERS = (
    "\x00\x01\x08\x0b\x1b[31m",
    "a\r\nBEGIN:VEVENT\r\nSUMMARY:x",
    "a\u2028b\u2029c\x85d",
    "\u202eexe.gpj\u2066x",
    "\ufffe\uffff\ufeff",
    "\u200bx\u200d",
    "e\u0301\u0301\u0301",
    "模型-通义千问",
    "😀" * 64,
)
PATHS = ("..", "../../x", "a//b", "/", ".", "a?b#c", "%2e%2e", "C:\\x", "a%2Fb", "~", "a;b,c\\n", "=1+1")
LONG = ("x" * 256, "a-" * 128, "<" * 256, "模" * 256)
TEXTS = (*MARKUP, *CHARACTERS, *PATHS, *LONG)
IDS = tuple(filter(is_id, TEXTS))
