"""The address and the headers of every request, checked before anything is sent. Pure."""

import re

from catalog.errors import ConfigError
from catalog.http import encodings, hosts
from catalog.settings import SourceSettings

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_HEADER_TEXT = re.compile(r"[\x20-\x7e]*")


def headers(source: SourceSettings, key: str | None) -> dict[str, str]:
    """The headers of a source; without `key` no key is among them. Raises ConfigError, which never quotes the key.

    See https://docs.anthropic.com/en/api/versioning and https://docs.anthropic.com/en/api/beta-headers
    """
    anthropics = {
        "anthropic-version": _header_text("api_version", source.api_version),
        "anthropic-beta": _header_text("betas", ",".join(source.betas)),
        "anthropic-workspace-id": _header_text("workspace_id", source.workspace_id),
    }
    headers = {
        "accept": "application/json",
        "accept-encoding": encodings.ASKED,
        "user-agent": "model-catalog",
        # Gateways answer in another shape when they see them.
        **(anthropics if source.api == "anthropic" else {}),
        **{name: _header_text(f"headers.{name}", value) for name, value in source.headers.items()},
        **(_credentials(source.auth, key) if key else {}),
    }
    return {name: value for name, value in headers.items() if value}


def _credentials(auth: str, key: str) -> dict[str, str]:
    if auth == "none":
        return {}
    return {"authorization": f"Bearer {key}"} if auth == "bearer" else {auth: key}


def base_url(text: str) -> str:
    """The address without its trailing slash or `/v1`. Raises ConfigError, which never quotes it."""
    try:
        return hosts.base_url(text.strip())
    except ValueError as error:
        raise ConfigError(f"base_url {error}") from None


def usable_key(text: str) -> str:
    """The key without the blanks and newlines around it. Raises ConfigError, which never quotes it."""
    key = text.strip()
    if not key:
        raise ConfigError("the API key is empty", hint="check what `api_key_env` or `api_key_file` names")
    if not _PRINTABLE.fullmatch(key):
        hint = "check what `api_key_env` or `api_key_file` names: it may hold more than the key"
        raise ConfigError("the API key holds a blank or a character that is not printable ASCII", hint=hint)
    return key


def _header_text(setting: str, text: str) -> str:
    """A setting as the value of a header, without blanks around it. Raises ConfigError when it cannot be one."""
    if not _HEADER_TEXT.fullmatch(text.strip()):
        raise ConfigError(f"{setting} holds a character that is not printable ASCII", hint=f"check {setting}")
    return text.strip()
