"""Content encodings: which we ask for, and which other one an answer has. Pure."""

from collections.abc import Mapping

ASKED = "gzip, deflate"

_KNOWN = frozenset({"gzip", "x-gzip", "deflate", "identity"})
_NAMES = {
    "br": "br (Brotli)",
    "zstd": "zstd (Zstandard)",
    "dcb": "dcb (Brotli with a dictionary)",
    "dcz": "dcz (Zstandard with a dictionary)",
    **{name: name for name in ("compress", "x-compress", "bzip2", "x-bzip2", "lzma", "xz", "lz4", "snappy", "exi")},
}


def foreign(headers: Mapping[str, str]) -> str:
    """Name the first encoding that was not asked for; empty: there is none. The header's own text is never returned."""
    names = (name.strip().lower() for name in headers.get("content-encoding", "").split(","))
    unknown = next((name for name in names if name and name not in _KNOWN), None)
    return "" if unknown is None else _NAMES.get(unknown, "an unregistered encoding")
