"""The settings as text: the example file that `catalog init` writes, and the reference page."""

from collections.abc import Iterator

from catalog.config.settings import DatabaseSettings, GuardSettings, Setting, SourceSettings, of

_TABLES = (
    ("database", "where the catalog is kept", DatabaseSettings),
    ("sources.anthropic", "one table per models list; the name is the `source` column", SourceSettings),
    ("sources.anthropic.guard", "when so many models are missing that nobody should believe it", GuardSettings),
)
_OPENING = """\
# The configuration of `catalog`. Each line below shows a default: take away the "# " to change it.
# The file is found by --config, else by $CATALOG_CONFIG, else as ./catalog.toml.
"""
_PAGE = """\
# Configuration

The file is the one given with `--config`, else the one that `$CATALOG_CONFIG` names, else `./catalog.toml` if it is
there. Without a file the defaults and the environment are enough: `ANTHROPIC_API_KEY=... catalog sync` keeps its
catalog in `./catalog.db`. `catalog init` writes a file with every setting in it.

What the file says counts more than the environment, and the environment more than the default. An empty variable
counts as none. Unknown names, wrong types and values out of range are all told at once, and the exit code is 2. No
message quotes a value: it could be a secret.

Durations are a whole number and a unit: `"30s"`, `"15m"`, `"36h"`, `"7d"`, `"2w"`. Sizes are such as `"64MB"` (a
million bytes each) or `"64MiB"`.
"""
_KEYS = """\
## Keys

A key never stands in the file. `api_key_env` names the environment variable that holds it, `api_key_file` a file that
holds it alone on one line, such as a mounted secret; a file that every user of the machine may read gets a warning.
Commands that only read the catalog need no key.

When the source named `anthropic` names neither, `ANTHROPIC_AUTH_TOKEN` is taken, and sent as a bearer token, if
`ANTHROPIC_API_KEY` is not set or the source says `auth = "bearer"`. A source with another name, on another host than
`api.anthropic.com` or this machine, must name its key: none is sent there by default.

Plain `http://` is refused unless the host is this machine or the source says `allow_http = true`.
"""


def example() -> str:
    """Write a configuration file that shows every setting with its default, and changes none."""
    tables = ["\n".join(_example_table(*table)) for table in _TABLES]
    return _OPENING + "\n" + "\n\n".join(tables) + "\n"


def reference() -> str:
    """Write the reference page, in Markdown."""
    tables = ["\n".join(_reference_table(*table)) for table in _TABLES]
    return "\n".join([_PAGE, *[f"{table}\n" for table in tables], _KEYS])


def _example_table(name: str, about: str, settings: type) -> Iterator[str]:
    yield _with_comment(f"[{name}]", about)
    for key, setting in of(settings).items():
        mark = "# or: " if setting.default is None else "# "
        yield _with_comment(f"{mark}{key} = {_toml(_shown(setting))}", _comment(key, setting))


def _comment(key: str, setting: Setting) -> str:
    """Add to a setting's comment what the environment has to say."""
    fallback = f"if left out: env {setting.variable}" if setting.variable else ""
    own = " (for the source named anthropic)" if fallback and key == "base_url" else ""
    return "; ".join(part for part in (setting.comment, fallback + own) if part)


def _reference_table(name: str, about: str, settings: type) -> Iterator[str]:
    heading = name.replace("anthropic", "NAME")
    yield f"## [{heading}]\n\n{about[0].upper()}{about[1:]}.\n"
    yield "| setting | default | must be | what it does |\n|---|---|---|---|"
    for key, setting in of(settings).items():
        default = "none" if setting.default is None else f"`{_toml(setting.default)}`"
        yield f"| `{key}` | {default} | {setting.kind.words} | {_comment(key, setting)} |"


def _with_comment(text: str, comment: str) -> str:
    return f"{text:<45}  # {comment}"


def _shown(setting: Setting) -> object:
    return setting.example if setting.default is None else setting.default


def _toml(value: object) -> str:
    """Spell a default as TOML does; ours are truths, numbers, plain texts and empty lists."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
