"""Draws badges: small pictures for other people's pages. Pure: words in, SVG out."""

from collections.abc import Mapping
from html import escape

from catalog.text import harmless
from catalog.web.formats import picture

_TONES: Mapping[str, str] = {"ok": "#1c6b43", "note": "#7d5200", "bad": "#a8261c"}
_FACE = "ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace"


def draw(label: str, words: str, tone: str) -> str:
    """Draw a badge: what it speaks of, and how that fares; the tone is ok, note or bad."""
    texts = [harmless(text) for text in (label, words)]
    left, right = (round(picture.columns(text) * picture.CHARACTER) + 14 for text in texts)
    told = "".join(
        f'<text x="{x}" y="14" textLength="{picture.columns(text) * picture.CHARACTER:.0f}">{escape(text)}</text>'
        for x, text in zip((7, left + 7), texts, strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{escape(": ".join(texts))}">'
        f'<path fill="#3d444d" d="M4 0H{left}V20H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z"/>'
        f'<path fill="{_TONES[tone]}" d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z"/>'
        f'<g fill="#fff" font-family="{_FACE}" font-size="12">{told}</g></svg>'
    )
