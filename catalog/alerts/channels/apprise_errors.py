"""Says in our own words why Apprise did not deliver.

Apprise returns only yes or no, and logs the reason in texts that may quote a URL with its tokens. A handler on its
logger keeps no text, only what the words are made of: the exception that is being handled, and HTTP and SMTP codes.
"""

import errno
import logging
import re
import smtplib
import socket
import ssl
import sys
import threading
from collections.abc import Callable

from catalog.http import transport_errors

_MOST = 3  # reasons in one error
_HTTP_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")  # how Apprise's services spell it in their warnings
_TOO_LONG = (523, 552)  # SMTP: the message is larger than the server takes (RFC 1870, RFC 3463)
_SERVICE_CLOSES = 421
_NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)

_ANSWERS = {
    400: "the service cannot make sense of it: a token, a receiver or the text is not as it must be",
    401: "the login or the token is not accepted",
    402: "the account has to be paid for",
    403: "the login or the token may not do this",
    404: "the address, the token or the receiver does not exist",
    407: "the proxy wants a login",
    408: "the service waited too long for the message",
    410: "the address is gone for good",
    413: "the message is too long",
    414: "the message is too long",
    429: "too many messages came in a short time",
}
_OF_CLASS = {
    1: "this is no whole answer",
    2: "but the answer tells of an error: the token, the receiver or the rights are not as they must be",
    3: "redirects are refused",
    4: "the service refuses it",
    5: "the service fails",
}


class Listener(logging.Handler):
    """Collects exceptions and codes from what one thread logs while it sends a message."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.errors: list[BaseException] = []
        self.statuses: list[int] = []
        self.refusals: list[int] = []  # SMTP codes of receivers that were refused while others were not
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception whose handler logs this, or the codes of the record."""
        if record.thread != self._thread:
            return
        error = sys.exc_info()[1]
        if error is not None and error not in self.errors:
            self.errors.append(error)
        if record.levelno >= logging.WARNING:
            self.statuses += map(int, _HTTP_STATUS.findall(record.getMessage()))
            # Apprise logs "SMTP recipient ..." with the receiver, the code and the server's text as arguments.
            if str(record.msg).startswith("SMTP recipient") and isinstance(record.args, tuple):
                self.refusals += [code for code in record.args if isinstance(code, int)]

    def reasons(self) -> list[str]:
        """Give the reasons in words, each once: those of exceptions and codes, else the names of the exceptions."""
        sent = [words for error in self.errors if (words := of_error(error))]
        answered = [of_status(status) for status in self.statuses] + [_of_receiver(code) for code in self.refusals]
        others = [f"it failed with {type(error).__name__}" for error in self.errors]
        return list(dict.fromkeys(sent + answered or others))[:_MOST]


def of_status(status: int) -> str:
    """Say what an HTTP status means for the configuration of a channel."""
    return f"HTTP {status}: {_ANSWERS.get(status) or _OF_CLASS[status // 100]}"


def of_error(error: BaseException) -> str:
    """Say what an exception of the network or of mail means; "" for any other."""
    causes = transport_errors.causes(error)
    if any(isinstance(cause, OSError) and cause.errno in _NO_WAY for cause in causes):
        return "there is no way to the host"
    if transport_errors.is_of_http(error):
        return (
            "" if isinstance(error, ValueError) else transport_errors.no_answer(error).words
        )  # an answer came that is no JSON
    found = (say(cause) for kind, say in _KINDS for cause in causes if isinstance(cause, kind))
    return next((words for words in found if words), "")


def _mail(words: str) -> Callable[[BaseException], str]:
    def say(error: BaseException) -> str:
        code = getattr(error, "smtp_code", 0)
        return _of_code(code, words) if code else words

    return say


def _of_code(code: int, words: str) -> str:
    if code in _TOO_LONG:
        words = "the message is too long"
    elif code == _SERVICE_CLOSES:
        words = "the server takes no mail now, or too many messages came in a short time"
    elif code // 100 == 4:  # noqa: PLR2004 - the class of all that may work later
        words += " for now"
    return f"SMTP {code}: {words}"


def _of_receiver(code: int) -> str:
    return _of_code(code, "the server refuses a receiver")


def _of_receivers(error: BaseException) -> str:
    refused = getattr(error, "recipients", {})
    codes = {code for code, *_ in refused.values() if isinstance(code, int)}
    return ", ".join(_of_receiver(code) for code in sorted(codes)[:_MOST])


def _just(words: str) -> Callable[[BaseException], str]:
    return lambda _: words


# Most specific first: an error is an instance of several of these, and has others as its causes.
_KINDS: tuple[tuple[type[BaseException], Callable[[BaseException], str]], ...] = (
    (ssl.SSLCertVerificationError, _just("the server's TLS certificate cannot be verified")),
    (smtplib.SMTPAuthenticationError, _mail("the login or the password is not accepted")),
    (smtplib.SMTPRecipientsRefused, _of_receivers),
    (smtplib.SMTPSenderRefused, _mail("the server refuses the sender's address")),
    (smtplib.SMTPDataError, _mail("the server refuses the message")),
    (smtplib.SMTPNotSupportedError, _just("the server does not offer the login or the TLS that the URL asks for")),
    (smtplib.SMTPConnectError, _mail("the server wants no connection")),
    (smtplib.SMTPHeloError, _mail("the server refuses this machine's name")),
    (smtplib.SMTPServerDisconnected, _just("the connection was lost before the answer was complete")),
    (smtplib.SMTPResponseException, _mail("the server refuses it")),
    (smtplib.SMTPException, _just("the mail server cannot be used as the URL says")),
    (socket.gaierror, _just("the host's name cannot be resolved")),
    (ConnectionRefusedError, _just("the connection was refused")),
    (ssl.SSLError, _just("the TLS connection failed")),
    (TimeoutError, _just("no answer came in time")),
    (ConnectionError, _just("the connection was lost before the answer was complete")),
)
