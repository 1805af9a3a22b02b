"""The kinds of settings that are paths, URLs or addresses. A refusal quotes nothing: a URL may hold a secret."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from catalog.config import kinds
from catalog.http import hosts
from catalog.settings import MonitorSettings

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,254})\}")

_VISIBLE = re.compile(r"[!-~]+")
_KEY_LIKE = re.compile(r"sk-|[A-Za-z0-9_+=-]{24,}")
_CHANNEL = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}://.")
_LABEL = r"[A-Za-z0-9-]{1,63}"  # Python fails at an empty or a longer one before it asks for the name
_LISTEN = re.compile(rf"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>{_LABEL}(\.{_LABEL})*\.?)):(?P<port>[0-9]{{1,5}})")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class FilePath:
    """A path to a file; relative ones are placed later, beside the configuration."""

    holds: str = ""  # the kind of secret in it, which may be written here by mistake
    may_be_empty: bool = False
    to: str = "a file"

    @property
    def words(self) -> str:
        return f"a path to {self.to}" + (", or empty" if self.may_be_empty else "")

    def read(self, raw: object) -> Path | None:
        if raw == "" and self.may_be_empty:
            return None
        if isinstance(raw, str) and (slip := kinds.slip(raw)):
            raise ValueError(slip)
        if not isinstance(raw, str) or not raw or not is_printable(raw):
            raise ValueError(f"must be {self.words}")
        if self.holds and raw[0] not in "/.~" and _KEY_LIKE.search(raw):
            raise ValueError(f"must be {self.words}, not the {self.holds} itself (a path may start with ./)")
        return Path(raw)


class BaseUrl:
    """The address of an API, read into one spelling: without trailing slash and without /v1."""

    words = "an https:// URL"

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and (slip := kinds.slip(raw)):
            raise ValueError(slip)
        return hosts.base_url(raw if isinstance(raw, str) else "")


class SiteUrl:
    """The address of our own pages, without trailing slash."""

    words = "an http:// or https:// URL, or empty"

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and (slip := kinds.slip(raw)):
            raise ValueError(slip)
        text = raw if isinstance(raw, str) else "."
        return text and hosts.site_url(text, "https://models.example.org/catalog")


class HookUrl:
    """The address of a webhook, kept as written."""

    words = "an https:// URL"

    def read(self, raw: object) -> str:
        text = template(raw)
        if not VARIABLE.search(text):
            self.check(text)
        return text

    def check(self, text: str) -> None:
        """Raise ValueError unless the text, with its variables filled in, can be one."""
        url = split(text, ("https", "http"), 'must be a URL such as "https://example.org/hook"')
        if not url.hostname:
            raise ValueError('must name a host, as "https://example.org/hook" does')
        if "@" in url.netloc or "#" in text:
            raise ValueError("must not hold a user, a password or a fragment (#)")


class ChannelUrl:
    """A channel as Apprise spells it; may hold secrets, or the names of variables that do."""

    words = "an Apprise URL"

    def read(self, raw: object) -> str:
        text = template(raw)
        if not VARIABLE.match(text):
            _demand_channel(text)
        return text

    def check(self, text: str) -> None:
        """Raise ValueError unless the text, with its variables filled in, can be one."""
        if slip := kinds.slip(text):
            raise ValueError(slip)
        _demand_channel(text)


class PingUrl:
    """The address of a dead man's switch. It is a secret: knowing it is enough to ping."""

    words = "an http:// or https:// URL, or empty"

    def read(self, raw: object) -> str:
        if raw == "":
            return ""
        url = split(raw, ("https", "http"), 'must be a URL such as "https://hc-ping.com/UUID", or empty')
        if not url.hostname or "@" in url.netloc or "#" in str(raw):
            raise ValueError("must name a host, and hold no user, password or fragment (#)")
        return str(raw)


class Listen:
    """The host and port to listen on, read into a pair."""

    words = 'an address such as "127.0.0.1:9464", or empty'

    def read(self, raw: object) -> tuple[str, int] | None:
        if raw == "":
            return None
        found = _LISTEN.fullmatch(raw) if isinstance(raw, str) else None
        if found is None or int(found["port"]) > _HIGHEST_PORT:
            raise ValueError(f"must be {self.words}")
        return found["six"] or found["host"], int(found["port"])


def _demand_channel(text: str) -> None:
    if not _CHANNEL.match(text):
        raise ValueError('must be an Apprise URL such as "slack://${SLACK_TOKENS}" or "mailto://user@example.org"')


# Addresses of chat services: each takes its own JSON alone. Spellings: https://github.com/caronc/apprise/wiki
_SERVICES = (
    (r"hooks\.slack(-gov)?\.com", r"/services/", "slack://A/B/C, with the three parts behind /services/"),
    (
        r"((ptb|canary)\.)?discord(app)?\.com",
        r"/api/(v\d+/)?webhooks/",
        "discord://ID/TOKEN, with the two parts behind /webhooks/",
    ),
    (r".+\.webhook\.office\.com", "/", "msteams://TEAM/A/B/C, with the parts of the address"),
    (r".+\.(logic\.azure|environment\.api\.powerplatform)\.com", "/", "workflows://HOST/WORKFLOW/SIGNATURE"),
    (r"chat\.googleapis\.com", r"/v1/spaces/", "gchat://SPACE/KEY/TOKEN, with space, key and token of the address"),
    (r"api\.telegram\.org", r"/bot", "tgram://TOKEN/CHAT, with the token behind /bot"),
    (r"ntfy\.sh", "/", "ntfy://TOPIC"),
)


def apprise_spelling(url: str) -> str:
    """Give the Apprise URL that stands for the address of a chat service; empty: it is no such address."""
    parts = urlsplit(url)
    found = (
        spelling
        for host, path, spelling in _SERVICES
        if re.fullmatch(host, parts.hostname or "") and re.match(path, parts.path or "/")
    )
    return next(found, "")


def ping_hint(monitor: MonitorSettings) -> str:
    """Say that the address of the dead man's switch looks like one of another style; empty: it does not."""
    kuma = "/api/push/" in urlsplit(monitor.ping_url).path
    if kuma and monitor.ping_style != "uptime-kuma":
        return 'it looks like a push monitor of Uptime Kuma: set ping_style = "uptime-kuma"'
    if not kuma and monitor.ping_style == "uptime-kuma":
        return "it does not look like a push monitor of Uptime Kuma, whose address holds /api/push/"
    return ""


def template(raw: object) -> str:
    """Check a text in which ${VARIABLE} stands for what the environment holds."""
    if isinstance(raw, str) and (slip := kinds.slip(raw, filled=False)):
        raise ValueError(slip)
    if not isinstance(raw, str) or not _VISIBLE.fullmatch(raw):
        raise ValueError("must be a URL in quotes, without blanks")
    if "${" in VARIABLE.sub("", raw):
        raise ValueError("holds a ${ that names no variable: write ${NAME}")
    return raw


def is_plain(url: str) -> bool:
    """Tell whether a URL is plain http, in capitals too."""
    return urlsplit(url).scheme == "http"


def host(url: str) -> str:
    """Name the host of a URL that was checked before."""
    return urlsplit(url).hostname or ""


def is_printable(text: str) -> bool:
    """Tell whether a text can be shown; a byte of a file's name that is not UTF-8 (a surrogate) can, as an escape."""
    return all(char.isprintable() or "\udc80" <= char <= "\udcff" for char in text)


def split(raw: object, schemes: Sequence[str], words: str) -> SplitResult:
    """Take a URL apart. Raises ValueError with `words`, which quote nothing."""
    if isinstance(raw, str) and (slip := kinds.slip(raw)):
        raise ValueError(slip)
    return hosts.split(raw if isinstance(raw, str) else "", schemes, words)
