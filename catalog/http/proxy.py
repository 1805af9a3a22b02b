"""Finds the proxy for a URL, and the environment variable that names it.

The usual variables work as for requests and curl, with two differences. A loopback host is never asked through a proxy:
plain http is allowed there because the key stays on this machine. And NO_PROXY may hold IPv6 networks, brackets,
wildcards and blanks; programs disagree on it, see https://about.gitlab.com/blog/we-need-to-talk-no-proxy/.
"""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.request import getproxies, proxy_bypass

import urllib3

from catalog.errors import Failure
from catalog.http import hosts
from catalog.http.transport_errors import NoAnswer

_NAME = re.compile(
    r"(\*?\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?(:[0-9]{1,5})?|\[[0-9a-f:.]+\]:[0-9]{1,5}", re.IGNORECASE
)
_SHOWABLE = re.compile(r"[A-Za-z0-9.:/*_\[\]-]{1,60}")  # without @, so it holds no password
_SCHEMES = frozenset({"http", "https"})
_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
_LOOPBACK = "localhost,127.0.0.0/8,::1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it. Its URL may hold a password, and is never shown."""

    url: str = field(repr=False)
    variable: str

    def __str__(self) -> str:
        return f"the proxy of {self.variable}"


def before(url: str) -> Proxy | None:
    """Give the proxy for a URL; None: none is used."""
    scheme, host, _ = _parts(url)
    return None if hosts.is_loopback(host) or _is_spared(url) else _named(scheme)


def words(url: str) -> str:
    """Words to follow a host: through which variable's proxy it is asked, or past which; empty: no proxy is set."""
    scheme, host, _ = _parts(url)
    found = _named(scheme)
    if found is None or hosts.is_loopback(host):
        return ""
    return f" past the proxy of {found.variable}, as NO_PROXY says" if _is_spared(url) else f" through {found}"


def hint(found: Proxy) -> str:
    """The hint for a failure through a proxy."""
    told = f"check {found.variable}; NO_PROXY lists the hosts that are asked without a proxy"
    return "; ".join([told, *unreadable()])


def unreadable() -> list[str]:
    """Name each entry of NO_PROXY that cannot be read."""
    name, text = _no_proxy()
    bad = [(number, entry) for number, entry in enumerate(_entries(text), start=1) if not _is_readable(entry)]
    return [
        f"{name} holds what cannot be read: {entry if _SHOWABLE.fullmatch(entry) else f'its entry number {number}'}"
        for number, entry in bad
    ]


def unusable(found: Proxy) -> NoAnswer | None:
    """Say why a proxy cannot be used; None: it can be tried."""
    scheme, host, _ = _parts(found.url if "://" in found.url else f"http://{found.url}")
    if scheme in _SOCKS and find_spec("socks") is None:
        words = f"{found} speaks SOCKS, for which the package PySocks is missing"
        how = f"pip install PySocks, or name an http:// proxy in {found.variable}"
        return NoAnswer(words=words, hint=how, lasting=True, failure=Failure.CONFIGURATION)
    if scheme not in _SCHEMES | _SOCKS or not host:
        how = f"write {found.variable} as http://HOST:PORT"
        return NoAnswer(words=f"{found} is no usable address", hint=how, lasting=True, failure=Failure.CONFIGURATION)
    return None


def spare_loopback() -> None:
    """Set NO_PROXY so that libraries which read the environment ask loopback hosts without a proxy, too."""
    name, text = _no_proxy()
    if getproxies().keys() - {"no"} and "*" not in _entries(text) and _LOOPBACK not in text:
        os.environ[name] = f"{text},{_LOOPBACK}" if text else _LOOPBACK


def _parts(url: str) -> tuple[str, str, str]:
    """Give scheme, host and port of a URL as urllib3, which connects, reads it; empty where it cannot."""
    try:
        parts = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        return "", "", ""
    return (parts.scheme or "").lower(), (parts.host or "").strip("[]").lower(), str(parts.port or "")


def _named(scheme: str) -> Proxy | None:
    """Find the proxy of a scheme, else of all schemes, with the name of the variable as it was set."""
    proxies = getproxies()
    for kind in (scheme, "all"):
        if url := proxies.get(kind):
            name = f"{kind}_proxy"
            names = [name, name.upper(), *(each for each in os.environ if each.lower() == name)]
            set_by = next((each for each in names if os.environ.get(each) == url), "the system's settings")
            return Proxy(url=url, variable=set_by)
    return None


def _no_proxy() -> tuple[str, str]:
    """Give the variable that counts, and its value."""
    name = "no_proxy" if os.environ.get("no_proxy") else "NO_PROXY"
    return name, os.environ.get(name, "")


def _entries(text: str) -> list[str]:
    return [entry for entry in re.split(r"[\s,]+", text) if entry]


def _is_readable(entry: str) -> bool:
    return entry == "*" or _network(entry) is not None or bool(_NAME.fullmatch(entry))


def _is_spared(url: str) -> bool:
    """Tell whether NO_PROXY, or the system's own list, names the host of a URL."""
    scheme, host, port = _parts(url)
    where = hosts.address(host)
    if where is not None and any(where in network for network in map(_network, _entries(_no_proxy()[1])) if network):
        return True
    usual = {"http": "80", "https": "443"}.get(scheme, "")
    names = {host, f"{host}:{port or usual}", f"[{host}]:{port or usual}"}
    return proxy_bypass(host) or any(_covers(entry, names) for entry in _entries(_no_proxy()[1]))


def _covers(entry: str, names: Collection[str]) -> bool:
    """Tell whether an entry names one of these hosts, or a domain above it."""
    wanted = entry.lower().removeprefix("*").lstrip(".").rstrip(".")
    return entry == "*" or any(name == wanted or name.endswith(f".{wanted}") for name in names if wanted)


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    """Read an IP address or network, in brackets or not; None: it is something else."""
    try:
        return ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None
