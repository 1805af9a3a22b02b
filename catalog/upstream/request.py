"""What every request carries: an address and headers, checked before anything is sent. Pure."""

import re
from collections.abc import Sequence
from typing import Literal

from catalog.errors import ConfigError
from catalog.http import hosts

Auth = Literal["x-api-key", "bearer"]

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_HEADER_TEXT = re.compile(r"[\x20-\x7e]*")


def headers(*, key: str | None, auth: Auth, api_version: str, betas: Sequence[str], workspace: str) -> dict[str, str]:
    """The headers of a source. Raises ConfigError, which never quotes the key."""
    return {
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "user-agent": "model-catalog",
        "anthropic-version": _header_text("api_version", api_version),
        **_optional("anthropic-beta", _header_text("betas", ",".join(betas))),
        **_optional("anthropic-workspace-id", _header_text("workspace_id", workspace)),
        **_credentials(key, auth),
    }


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
    """A header's value, without blanks around it. Raises ConfigError when it cannot be one."""
    if not _HEADER_TEXT.fullmatch(text.strip()):
        raise ConfigError(f"{setting} holds a character that is not printable ASCII", hint=f"check {setting}")
    return text.strip()


def _optional(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}


def _credentials(key: str | None, auth: Auth) -> dict[str, str]:
    if key is None:
        return {}
    return {"authorization": f"Bearer {key}"} if auth == "bearer" else {"x-api-key": key}
