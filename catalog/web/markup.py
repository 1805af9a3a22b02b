"""Makes pages from templates. Every value is escaped; before that, what could harm a reader is shown as an escape."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from catalog import dates, watch
from catalog.text import counted, harmless
from catalog.web import names, pages
from catalog.web.entries import FeedEntry

_HERE = Path(__file__).parent
MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@cache
def static() -> Mapping[str, tuple[str, bytes]]:
    """Give the files that pages need, by name: each with its address, which holds its digest, and its bytes."""
    found = {path.name: path.read_bytes() for path in (_HERE / "static").iterdir() if path.suffix in MEDIA}
    return {
        name: (f"static/{Path(name).stem}.{hashlib.sha256(body).hexdigest()[:12]}{Path(name).suffix}", body)
        for name, body in found.items()
    }


@cache
def fingerprint() -> str:
    """Give a digest of all that pages are made from, besides rows."""
    made = sorted(path for path in _HERE.rglob("*") if path.suffix in {".html", ".py", *MEDIA})
    return hashlib.sha256(b"".join(map(Path.read_bytes, made))).hexdigest()[:12]


def page(template: str, values: Mapping[str, Any]) -> bytes:
    """Fill in a template."""
    return _environment().get_template(template).render(values).encode()


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # the files of a program that runs do not change: each look at one costs
        finalize=_shown,
    )
    made.filters |= {
        "day": dates.day,
        "minute": dates.minute,
        "iso": dates.short,
        "counted": counted,
        "spoken": pages.spoken,
        "verb": _verb,
        "name": watch.spelled,
        "pair": lambda text: (text, text),
    }
    made.globals |= {
        "static": {name: address for name, (address, _) in static().items()},
        "model_path": names.model_path,
        "tone": pages.tone,
        "run_tone": pages.run_tone,
        "why": pages.why,
    }
    return made


def _verb(entry: FeedEntry) -> str:
    """Give what a title says of its model, whose id and source are shown beside it."""
    title = entry.title.removesuffix(f" ({harmless(entry.source)})")
    return title.removeprefix(f"{harmless(entry.model_id)}: ") if entry.model_id else title


def _shown(value: Any) -> Any:
    """Spell a value before it is escaped. What is None is unknown."""
    if value is None:
        return "unknown"
    return harmless(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
