"""Keys of sources, addresses and secrets of channels: looked up when one is needed, in the environment or in files."""

import codecs
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from catalog.config import channels, kinds, places
from catalog.config.reading import Config
from catalog.errors import ConfigError
from catalog.settings import AlertSettings, SourceSettings, WebSettings

_LONGEST = 16_384
_SHORTEST = 16  # characters of the key that is our own to choose
_WORDS = {FileNotFoundError: "there is no such file", PermissionError: "this user may not read it"}
_VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+){1,8}")
_LONG_TARGET = 8  # characters; shorter ones are words


class Key:
    """A secret. Only `reveal` gives it away; printing, formatting and pickling do not."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not to be written down")


def key(source: SourceSettings, *, environ: Mapping[str, str] = os.environ) -> Key | None:
    """Look up the key of a source, now; None: it needs none. Raises ConfigError that names the variable or the file."""
    wanted = "API key"  # whose it is, the callers say: they name the source of whatever fails
    setting = f"sources.{source.name}.api_key"
    if source.auth == "none":
        return None
    if source.api_key_file is not None:
        return _from_file(source.api_key_file, wanted=wanted, setting=f"{setting}_file")
    if source.key_optional and not environ.get(source.api_key_env):
        return None
    hint = f" or set api_key_file for sources.{source.name}"
    if not source.api_key_env:
        raise ConfigError(
            f"no {wanted} is named", hint=f'name one with {setting}_env or {setting}_file, or set auth = "none"'
        )
    return _from_variable(source.api_key_env, environ, wanted=wanted, setting=f"{setting}_env", hint=hint)


def mirror_key(web: WebSettings, *, environ: Mapping[str, str] = os.environ) -> Key | None:
    """Look up the key of the mirror, now; None: none is named. Raises ConfigError when it is missing or too short."""
    setting, wanted = "web.mirror_key", "key for the mirror"
    if web.mirror_key_file is not None:
        found = _from_file(web.mirror_key_file, wanted=wanted, setting=f"{setting}_file")
    elif web.mirror_key_env:
        found = _from_variable(web.mirror_key_env, environ, wanted=wanted, setting=f"{setting}_env")
    else:
        return None
    if len(found.reveal()) < _SHORTEST:
        words = f"the {wanted} must have {_SHORTEST} characters or more: a shorter one can be guessed"
        raise ConfigError(words, hint="openssl rand -hex 16")
    return found


def channel_url(alert: AlertSettings, *, environ: Mapping[str, str] = os.environ) -> Key | None:
    """Fill in the Apprise URL of a channel, or the URL of its webhook, now; None: it is a command.

    Raises ConfigError that names the variable that is missing, and never quotes the URL.
    """
    hook = alert.webhook
    template = hook.url if hook else alert.url
    if template is None:
        return None
    setting = f"alerts.{alert.name}.webhook.url" if hook else f"alerts.{alert.name}.url"
    filled = _filled(template, environ, f"address for channel {alert.name}", setting)
    try:
        (places.HookUrl() if hook else places.ChannelUrl()).check(filled)
    except ValueError as error:
        raise ConfigError(f"{setting}, with its variables filled in, {error}") from None
    if hook and channels.needs_allowance(hook, filled):
        raise ConfigError(f"{setting}: {channels.PLAIN_HTTP}")
    return Key(filled)


def channel_secret(alert: AlertSettings, *, environ: Mapping[str, str] = os.environ) -> Key | None:
    """Look up what signs for a webhook, now; None: nothing is signed. Raises ConfigError when it is not there."""
    hook, wanted = alert.webhook, f"secret for channel {alert.name}"
    setting = f"alerts.{alert.name}.webhook.secret"
    if hook is not None and hook.secret_file is not None:
        return _from_file(hook.secret_file, wanted=wanted, setting=f"{setting}_file")
    if hook is not None and hook.secret_env is not None:
        return _from_variable(hook.secret_env, environ, wanted=wanted, setting=f"{setting}_env")
    return None


def channel_variables(alert: AlertSettings) -> tuple[str, ...]:
    """Name the variables of the environment that hold secrets of a channel."""
    hook = alert.webhook
    names = places.VARIABLE.findall(hook.url if hook else alert.url or "")
    return (*names, hook.secret_env) if hook is not None and hook.secret_env is not None else tuple(names)


def demand_no_chat_service(alert: AlertSettings, *, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse a webhook to a chat service, which takes no JSON of ours. Raises ConfigError that quotes no address."""
    address = channel_url(alert, environ=environ) if alert.webhook else None
    if address is not None and (spelling := places.apprise_spelling(address.reveal())):
        words = f"alerts.{alert.name}.webhook: {places.host(address.reveal())} takes no JSON of ours"
        raise ConfigError(words, hint=f'instead of webhook write url = "{spelling}": see https://appriseit.com')


def secrets(config: Config, *, environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Give every text that no line may show, as far as it is known without opening a file."""
    for source in config.sources:
        yield environ.get(source.api_key_env, "")
    if config.web.mirror_key_env:
        yield environ.get(config.web.mirror_key_env, "").strip()
    addresses = [config.monitor.ping_url]
    for alert in config.alerts:
        written = alert.webhook.url if alert.webhook else alert.url or ""
        addresses.append(places.VARIABLE.sub(lambda found: environ.get(found[1], ""), written))
        addresses += [environ.get(name, "").strip() for name in channel_variables(alert)]
    for address in addresses:
        yield address
        # Libraries quote an address without its host: what follows the host is what makes it a secret.
        target = address.partition("://")[2].partition("/")[2]
        if len(target) >= _LONG_TARGET:
            yield target


def _filled(template: str, environ: Mapping[str, str], wanted: str, setting: str) -> str:
    values = {
        name: _from_variable(name, environ, wanted=wanted, setting=setting).reveal()
        for name in dict.fromkeys(places.VARIABLE.findall(template))
    }
    return places.VARIABLE.sub(lambda found: values[found[1]], template)


def _from_variable(name: str, environ: Mapping[str, str], *, wanted: str, setting: str, hint: str = "") -> Key:
    """Give what a variable holds. `wanted` says what for, `setting` where the variable is named."""
    is_name = bool(_VARIABLE_NAME.fullmatch(name))  # else it may be a key, pasted where its variable's name belongs
    place = name if is_name else f"the variable that {setting} names"
    help_ = f"export {name}=...{hint}" if is_name else f"{setting} takes the name of a variable, never the key itself"
    text = environ.get(name)
    if text is None:
        raise ConfigError(f"no {wanted}: {place} is not set", hint=help_)
    return _checked(text, place, wanted, help_)


def _from_file(path: Path, *, wanted: str, setting: str) -> Key:
    """Give what a file holds, alone on its line."""
    try:
        with path.open("rb") as file:
            written = file.read(_LONGEST)
    except OSError as error:
        words = _WORDS.get(type(error), "it cannot be read")
        raise ConfigError(f"no {wanted}: {path}: {words}", hint=f"see {setting}") from None
    if written.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        words = f"the {wanted} cannot be one: {path} is text in UTF-16"
        raise ConfigError(words, hint="save it as UTF-8, without a byte-order mark")
    hint = f"write the key to {path}, alone on one line"
    return _checked(written.decode("utf-8", "replace"), str(path), wanted, hint)


def _checked(text: str, place: str, wanted: str, hint: str) -> Key:
    found = text.strip()
    if not found:
        raise ConfigError(f"no {wanted}: {place} is empty", hint=hint)
    slip = kinds.slip_in_secret(found)
    if not slip and (not (found.isascii() and found.isprintable()) or " " in found):
        slip = "holds blanks, line breaks or other odd signs"
    if slip:
        raise ConfigError(f"the {wanted} cannot be one: {place} {slip}", hint="it must hold the key alone, on one line")
    return Key(found)
