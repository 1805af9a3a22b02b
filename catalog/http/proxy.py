"""Which proxy stands before an address, and the variable of the environment that put it there.

The usual variables count as they do for requests and curl, with two differences: a loopback host is never asked through
a proxy, because plain http is allowed there on the ground that the key stays on this machine; and NO_PROXY may hold
IPv6 networks, brackets, wildcards and blanks. See https://about.gitlab.com/blog/we-need-to-talk-no-proxy/ for how
little is agreed upon.
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
from catalog.http.transport_errors import Broken

_NAME = re.compile(
    r"(\*?\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?(:[0-9]{1,5})?|\[[0-9a-f:.]+\]:[0-9]{1,5}", re.IGNORECASE
)
_SHOWABLE = re.compile(r"[A-Za-z0-9.:/*_\[\]-]{1,60}")  # no password: there is no @ in it
_SCHEMES = frozenset({"http", "https"})
_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
_LOOPBACK = "localhost,127.0.0.0/8,::1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A proxy, and where it was named; its URL may hold a password and is never shown."""

    url: str = field(repr=False)
    variable: str

    def __str__(self) -> str:
        return f"the proxy of {self.variable}"


def before(url: str) -> Proxy | None:
    """Give the proxy through which a URL is asked; None: it is asked directly."""
    scheme, host, _ = _parts(url)
    return None if hosts.is_loopback(host) or _is_spared(url) else _named(scheme)


def words(url: str) -> str:
    """Say how a URL is asked, to follow its host: through which variable's proxy, or past it; empty: nothing to say."""
    scheme, host, _ = _parts(url)
    found = _named(scheme)
    if found is None or hosts.is_loopback(host):
        return ""
    return f" past the proxy of {found.variable}, as NO_PROXY says" if _is_spared(url) else f" through {found}"


def hint(found: Proxy) -> str:
    """Say what to look at when something failed through a proxy."""
    told = f"check {found.variable}; NO_PROXY lists the hosts that are asked without a proxy"
    return "; ".join([told, *unreadable()])


def unreadable() -> list[str]:
    """Say of each entry of NO_PROXY that means no host, which one it is."""
    name, text = _no_proxy()
    strange = [(number, entry) for number, entry in enumerate(_entries(text), start=1) if not _is_readable(entry)]
    return [
        f"{name} holds what cannot be read: {entry if _SHOWABLE.fullmatch(entry) else f'its entry number {number}'}"
        for number, entry in strange
    ]


def unusable(found: Proxy) -> Broken | None:
    """Say why nothing can be asked through a proxy; None: it can be tried."""
    scheme, host, _ = _parts(found.url if "://" in found.url else f"http://{found.url}")
    if scheme in _SOCKS and find_spec("socks") is None:
        words = f"{found} speaks SOCKS, for which the package PySocks is missing"
        how = f"pip install PySocks, or name an http:// proxy in {found.variable}"
        return Broken(words=words, hint=how, lasting=True, failure=Failure.CONFIGURATION)
    if scheme not in _SCHEMES | _SOCKS or not host:
        how = f"write {found.variable} as http://HOST:PORT"
        return Broken(words=f"{found} is no usable address", hint=how, lasting=True, failure=Failure.CONFIGURATION)
    return None


def spare_loopback() -> None:
    """Let libraries that read the environment themselves ask loopback hosts without a proxy, too."""
    name, text = _no_proxy()
    if getproxies().keys() - {"no"} and "*" not in _entries(text) and _LOOPBACK not in text:
        os.environ[name] = f"{text},{_LOOPBACK}" if text else _LOOPBACK


def _parts(url: str) -> tuple[str, str, str]:
    """Give scheme, host and port of a URL, read by the library that will connect; empty: it cannot."""
    try:
        parts = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        return "", "", ""
    return (parts.scheme or "").lower(), (parts.host or "").strip("[]").lower(), str(parts.port or "")


def _named(scheme: str) -> Proxy | None:
    """Find what stands for a scheme, else for all; the name of the variable is the one that was set."""
    for kind, url in ((kind, getproxies().get(kind)) for kind in (scheme, "all")):
        if url:
            return Proxy(url=url, variable=_variable(f"{kind}_proxy", url))
    return None


def _variable(name: str, value: str) -> str:
    names = [name, name.upper(), *(each for each in os.environ if each.lower() == name)]
    return next((each for each in names if os.environ.get(each) == value), "the system's settings")


def _no_proxy() -> tuple[str, str]:
    """Give the variable that counts, and what it holds."""
    name = "no_proxy" if os.environ.get("no_proxy") else "NO_PROXY"
    return name, os.environ.get(name, "")


def _entries(text: str) -> list[str]:
    return [entry for entry in re.split(r"[\s,]+", text) if entry]


def _is_readable(entry: str) -> bool:
    return entry == "*" or _network(entry) is not None or bool(_NAME.fullmatch(entry))


def _is_spared(url: str) -> bool:
    """Tell whether NO_PROXY, or the system's own list, has the host of a URL."""
    scheme, host, port = _parts(url)
    where = hosts.address(host)
    if where is not None and any(where in network for network in map(_network, _entries(_no_proxy()[1])) if network):
        return True
    usual = {"http": "80", "https": "443"}.get(scheme, "")
    names = {host, f"{host}:{port or usual}", f"[{host}]:{port or usual}"}
    return proxy_bypass(host) or any(_covers(entry, names) for entry in _entries(_no_proxy()[1]))


def _covers(entry: str, names: Collection[str]) -> bool:
    """Tell whether an entry names one of these, or a domain above it."""
    wanted = entry.lower().removeprefix("*").lstrip(".").rstrip(".")
    return entry == "*" or any(name == wanted or name.endswith(f".{wanted}") for name in names if wanted)


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    """Read an address or a network of either kind, in brackets or not; None: it is something else."""
    try:
        return ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None
