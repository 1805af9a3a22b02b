"""Where a channel is reached, and what signs for us: looked up in environment and files when something is sent."""

from collections.abc import Iterator, Mapping

from catalog.config import channels, keys, places
from catalog.config.keys import Key
from catalog.errors import ConfigError
from catalog.settings import AlertSettings, WebhookSettings


def url(alert: AlertSettings, environ: Mapping[str, str]) -> Key | None:
    """Give the Apprise URL, or the webhook's; None: the channel is a command. ConfigError quotes neither."""
    wanted = f"address for channel {alert.name}"
    if alert.webhook is not None:
        setting = f"alerts.{alert.name}.webhook.url"
        filled = _filled(alert.webhook.url, environ, wanted, setting)
        _check(places.HookUrl(), filled, setting)
        _check_plain(alert.webhook, filled, setting)
        return Key(filled)
    if alert.url is None:
        return None
    setting = f"alerts.{alert.name}.url"
    filled = _filled(alert.url, environ, wanted, setting)
    _check(places.ChannelUrl(), filled, setting)
    return Key(filled)


def secret(alert: AlertSettings, environ: Mapping[str, str]) -> Key | None:
    """Give the secret that signs a webhook; None: nothing is signed. ConfigError: it is named, and not there."""
    hook, wanted = alert.webhook, f"secret for channel {alert.name}"
    setting = f"alerts.{alert.name}.webhook.secret"
    if hook is not None and hook.secret_file is not None:
        return keys.from_file(hook.secret_file, wanted=wanted, setting=f"{setting}_file")
    if hook is not None and hook.secret_env is not None:
        return keys.from_variable(hook.secret_env, environ, wanted=wanted, setting=f"{setting}_env")
    return None


def variables(alert: AlertSettings) -> tuple[str, ...]:
    """Name the variables of the environment that hold secrets of this channel."""
    hook = alert.webhook
    names = places.VARIABLE.findall(hook.url if hook else alert.url or "")
    return (*names, hook.secret_env) if hook is not None and hook.secret_env is not None else tuple(names)


def known(alert: AlertSettings, environ: Mapping[str, str]) -> Iterator[str]:
    """Give every text that must not be printed for this channel, as far as no file needs to be read."""
    hook = alert.webhook
    written = hook.url if hook else alert.url or ""
    yield places.VARIABLE.sub(lambda found: environ.get(found[1], ""), written)
    for name in variables(alert):
        yield environ.get(name, "").strip()


def _filled(text: str, environ: Mapping[str, str], wanted: str, setting: str) -> str:
    values = {
        name: keys.from_variable(name, environ, wanted=wanted, setting=setting).reveal()
        for name in dict.fromkeys(places.VARIABLE.findall(text))
    }
    return places.VARIABLE.sub(lambda found: values[found[1]], text)


def _check(kind: places.HookUrl | places.ChannelUrl, filled: str, setting: str) -> None:
    try:
        kind.check(filled)
    except ValueError as error:
        raise ConfigError(f"{setting}, with its variables filled in, {error}") from None


def _check_plain(hook: WebhookSettings, filled: str, setting: str) -> None:
    if channels.needs_allowance(hook, filled):
        raise ConfigError(f"{setting}: {channels.PLAIN_HTTP}")
