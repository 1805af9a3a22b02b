"""Why an HTTP exchange broke, in our own words: those of the libraries may hold an address, a key, a token."""

import re
import ssl
from dataclasses import dataclass, replace
from http.client import BadStatusLine, HTTPException, RemoteDisconnected

import requests
import urllib3

from catalog.errors import Failure

_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")
_LOGIN = "407"


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """No whole answer came. `words` hold no address, no key and no text of the other side."""

    words: str
    hint: str = ""
    lasting: bool = False  # asking again will not help
    failure: Failure = Failure.LIST


def broken(error: BaseException, hint: str = "") -> Broken:
    """Our own words for what went wrong, by type alone: the texts of others may hold an address, a key, a token.

    `hint` is for what was asked through a proxy: whatever goes wrong then may be its doing.
    """
    led = causes(error)
    found = next(told for kind, told in _WORDS if any(isinstance(cause, kind) for cause in led))
    refused = next(filter(None, map(_tunnel_status, led)), "")
    if refused:
        found = replace(found, words=f"the proxy refuses: HTTP {refused}")
    if refused == _LOGIN:
        hint = f"it wants a user and a password, as http://USER:PASSWORD@HOST:PORT; {hint}"
    return replace(found, hint="; ".join(filter(None, [found.hint, hint])))


def _tunnel_status(cause: BaseException) -> str:
    """The status with which a proxy refused to connect us: http.client has it in its words alone."""
    told = _TUNNEL.match(str(cause)) if isinstance(cause, OSError) else None
    return told[1] if told else ""


def is_of_http(error: BaseException) -> bool:
    """Tell whether it is an error of the library that speaks HTTP."""
    return isinstance(error, requests.RequestException)


def causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, however the libraries wrapped it."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


_CERTIFICATE = Broken(
    words="the server's TLS certificate cannot be verified",
    hint="if a proxy or a private authority signs it, name its certificates in REQUESTS_CA_BUNDLE",
    lasting=True,
    failure=Failure.CERTIFICATE,
)
_BAD_PROXY = Broken(
    words="the proxy of the environment is no usable address",
    hint="mend HTTPS_PROXY, HTTP_PROXY or ALL_PROXY",
    lasting=True,
    failure=Failure.CONFIGURATION,
)
_BAD_ADDRESS = Broken(
    words="the address cannot be used", hint="mend the URL", lasting=True, failure=Failure.CONFIGURATION
)
_NO_BUNDLE = Broken(
    words="the file of CA certificates cannot be read",
    hint="mend REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE",
    lasting=True,
    failure=Failure.CONFIGURATION,
)
_UNSENT = Broken(words="the request could not be sent", lasting=True)
_LOST = Broken(words="the connection was lost before the answer was complete")

_NO_HTTP = Broken(
    words="what answers there does not speak HTTP", hint="check http:// or https://, the host and the port"
)

# Most telling first: an error is an instance of several of these.
_WORDS: tuple[tuple[type[BaseException], Broken], ...] = (
    (ssl.SSLCertVerificationError, _CERTIFICATE),
    (requests.exceptions.InvalidProxyURL, _BAD_PROXY),
    (requests.exceptions.ProxyError, Broken(words="the proxy refuses or does not answer")),
    (requests.exceptions.InvalidSchema, _BAD_PROXY),
    (requests.exceptions.InvalidURL, _BAD_ADDRESS),
    (urllib3.exceptions.LocationValueError, _BAD_ADDRESS),
    (urllib3.exceptions.NameResolutionError, Broken(words="the host's name cannot be resolved")),
    (ConnectionRefusedError, Broken(words="the connection was refused")),
    (ssl.SSLError, Broken(words="the TLS connection failed")),
    (requests.exceptions.SSLError, Broken(words="the TLS connection failed")),
    (requests.exceptions.ConnectTimeout, Broken(words="the connection could not be made in time")),
    (requests.exceptions.Timeout, Broken(words="no answer came in time")),
    (urllib3.exceptions.TimeoutError, Broken(words="no answer came in time")),
    (urllib3.exceptions.DecodeError, Broken(words="the answer's compression is damaged")),
    (RemoteDisconnected, _LOST),  # a BadStatusLine, too: no line at all came
    (BadStatusLine, _NO_HTTP),
    (requests.exceptions.ConnectionError, _LOST),
    (urllib3.exceptions.HTTPError, _LOST),
    (HTTPException, _LOST),
    (ConnectionError, _LOST),
    (requests.RequestException, _UNSENT),  # itself an OSError, which alone means a file
    (OSError, _NO_BUNDLE),
    (Exception, _UNSENT),
)
