"""Words for an HTTP exchange that failed. The libraries' own texts may hold an address or a key, and are not used."""

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
class NoAnswer:
    """Why no whole answer came. `words` hold no address, no key and no text of the server."""

    words: str
    hint: str = ""
    lasting: bool = False  # asking again will not help
    too_large: bool = False
    failure: Failure = Failure.LIST


def no_answer(error: BaseException, hint: str = "") -> NoAnswer:
    """Our own words for an exception, by its type alone.

    `hint` is that of the proxy, where one was used: any failure may then be the fault of the proxy.
    """
    chain = causes(error)
    found = next(words for kind, words in _WORDS if any(isinstance(cause, kind) for cause in chain))
    # http.client gives the status with which a proxy refused in the text of an OSError alone.
    refusals = (_TUNNEL.match(str(cause)) for cause in chain if isinstance(cause, OSError))
    refused = next((refusal[1] for refusal in refusals if refusal), "")
    if refused:
        found = replace(found, words=f"the proxy refuses: HTTP {refused}")
    if refused == _LOGIN:
        hint = f"it wants a user and a password, as http://USER:PASSWORD@HOST:PORT; {hint}"
    return replace(found, hint="; ".join(filter(None, [found.hint, hint])))


def is_of_http(error: BaseException) -> bool:
    """Tell whether requests raised it."""
    return isinstance(error, requests.RequestException)


def causes(error: BaseException) -> list[BaseException]:
    """The error and all that led to it, however the libraries wrapped it."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


_CERTIFICATE = NoAnswer(
    words="the server's TLS certificate cannot be verified",
    hint="if a proxy or a private authority signs it, name its certificates in REQUESTS_CA_BUNDLE",
    lasting=True,
    failure=Failure.CERTIFICATE,
)
_BAD_PROXY = NoAnswer(
    words="the proxy of the environment is no usable address",
    hint="mend HTTPS_PROXY, HTTP_PROXY or ALL_PROXY",
    lasting=True,
    failure=Failure.CONFIGURATION,
)
_BAD_ADDRESS = NoAnswer(
    words="the address cannot be used", hint="mend the URL", lasting=True, failure=Failure.CONFIGURATION
)
_NO_BUNDLE = NoAnswer(
    words="the file of CA certificates cannot be read",
    hint="mend REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE",
    lasting=True,
    failure=Failure.CONFIGURATION,
)
_UNSENT = NoAnswer(words="the request could not be sent", lasting=True)
_LOST = NoAnswer(words="the connection was lost before the answer was complete")

_NO_HTTP = NoAnswer(
    words="what answers there does not speak HTTP", hint="check http:// or https://, the host and the port"
)

# The first match counts: an error, or one of its causes, is an instance of several of these.
_WORDS: tuple[tuple[type[BaseException], NoAnswer], ...] = (
    (ssl.SSLCertVerificationError, _CERTIFICATE),
    (requests.exceptions.InvalidProxyURL, _BAD_PROXY),
    (requests.exceptions.ProxyError, NoAnswer(words="the proxy refuses or does not answer")),
    (requests.exceptions.InvalidSchema, _BAD_PROXY),
    (requests.exceptions.InvalidURL, _BAD_ADDRESS),
    (urllib3.exceptions.LocationValueError, _BAD_ADDRESS),
    (urllib3.exceptions.NameResolutionError, NoAnswer(words="the host's name cannot be resolved")),
    (ConnectionRefusedError, NoAnswer(words="the connection was refused")),
    (ssl.SSLError, NoAnswer(words="the TLS connection failed")),
    (requests.exceptions.SSLError, NoAnswer(words="the TLS connection failed")),
    (requests.exceptions.ConnectTimeout, NoAnswer(words="the connection could not be made in time")),
    (requests.exceptions.Timeout, NoAnswer(words="no answer came in time")),
    (urllib3.exceptions.TimeoutError, NoAnswer(words="no answer came in time")),
    (urllib3.exceptions.DecodeError, NoAnswer(words="the answer's compression is damaged")),
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
