"""Names and addresses of hosts, and URLs that hold them. Pure."""

import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

_VISIBLE = re.compile(r"[!-~]+")
_USUAL_PORTS = {"http": 80, "https": 443}


def is_loopback(name: str) -> bool:
    """Tell whether a host is this machine: localhost, names below it (RFC 6761), 127.0.0.0/8, ::1, ::ffff:127.0.0.1.

    Short and numeric spellings, such as 127.1 or 2130706433, count as the address that systems read in them.
    """
    name = name.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    found = address(name)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found is not None and found.is_loopback


def address(name: str) -> IPv4Address | IPv6Address | None:
    """Read an IP address in any spelling that the system accepts; None: it is a name."""
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):  # ValueError: a NUL, or a character that is not ASCII
        return None


def with_port(host: str, port: int) -> str:
    """Spell a host and a port as in a URL: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split(text: str, schemes: Sequence[str], words: str) -> SplitResult:
    """Take a URL apart. Raises ValueError with `words`: those of the parser may quote a secret."""
    if not _VISIBLE.fullmatch(text) or "\\" in text or "://" not in text:
        raise ValueError(words)
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        raise ValueError(words) from None
    if url.scheme not in schemes:
        raise ValueError(words)
    return url


def base_url(text: str) -> str:
    """Give the address of an API in one spelling: without trailing slash and without /v1.

    Raises ValueError with words that follow the name of the setting and quote nothing.
    """
    return site_url(text, "https://api.anthropic.com", without="/v1")


def site_url(text: str, example: str, *, without: str = "") -> str:
    """Give an address in one spelling: without trailing slash, and without this end of its path. Raises as above."""
    url = split(text, ("https", "http"), f'must be a URL such as "{example}"')
    if "@" in url.netloc:
        raise ValueError("must not hold a user or password: a key is named by a setting of its own")
    if url.query or url.fragment or text[-1] in "?#":
        raise ValueError("must not hold a query (?) or fragment (#)")
    if not url.hostname or url.port == 0:
        raise ValueError(f'must name a host, as "{example}" does')
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    port = "" if url.port in {None, _USUAL_PORTS[url.scheme]} else f":{url.port}"
    return f"{url.scheme}://{host}{port}{url.path.rstrip('/').removesuffix(without).rstrip('/')}"
