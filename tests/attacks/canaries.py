"""Secrets that are found again wherever they come out, in whatever spelling."""

import base64
import html
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

ODD = "/+%\"'\\<&>=:@"  # signs that each spelling spells in its own way

SECRETS: Mapping[str, str] = {
    "API key": f"sk-canary{ODD}key-5d1f0a",
    "API key in a file": f"sk-canary{ODD}file-77c2e9",
    "webhook secret": "whsec_" + base64.b64encode(b"canary webhook secret 31c8").decode(),
    "webhook secret, decoded": "canary webhook secret 31c8",
    "token in a webhook's URL": "canary-hook-token-e2b417",
    "database password": f"canary{ODD}database-90fe13",
    "mail password": "canary-mail-password-6a44d8",
    "proxy password": "canary-proxy-password-c015b7",
    "ping URL": "canary-ping-0c9b2f9e-52a1",
}


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A secret that came out."""

    secret: str
    spelling: str
    place: str


def spellings(secret: str) -> dict[str, bytes]:
    """Say how a secret may be spelled."""
    data = secret.encode()
    found = {
        "raw": data,
        "percent": quote(secret, safe="").encode(),
        "percent, slashes kept": quote(secret).encode(),
        "percent, small": quote(secret, safe="").lower().encode(),
        "form": quote_plus(secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1].encode(),
        "repr": repr(secret)[1:-1].encode(),
        "repr of bytes": repr(data)[2:-1].encode(),
        "HTML": html.escape(secret).encode(),
        "shell": shlex.quote(secret).encode(),
        "SQL": secret.replace("'", "''").encode(),
        "hex": data.hex().encode(),
        "UTF-16": secret.encode("utf-16-le"),
    }
    return found | dict(_base64(data))


def _base64(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Spell the part that is the same whatever stands before and after, for each way to fall into groups of three."""
    for before in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64 of URLs", base64.urlsafe_b64encode)):
            text = encode(b"\0" * before + data)
            yield f"{name}, {before} before", text[(0, 2, 3)[before] : len(text) // 4 * 4 - 4]


FORMS = {name: spellings(secret) for name, secret in SECRETS.items()}


def hits(place: str, text: bytes, *, but: frozenset[str] = frozenset()) -> list[Hit]:
    """Name each secret in a text, but for those that belong there."""
    return [
        Hit(secret=name, spelling=spelling, place=place)
        for name, forms in FORMS.items()
        if name not in but
        for spelling, form in forms.items()
        if form in text
    ]
