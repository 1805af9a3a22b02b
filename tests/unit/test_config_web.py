"""[web] and [publish] in the configuration: what is accepted, refused, and never said."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from catalog import config
from catalog.errors import ConfigError
from catalog.settings import PublishSettings, WebSettings

SECRET = "0123456789abcdef"
Loader = Callable[..., config.Config]


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    def loaded(text: str) -> config.Config:
        path = tmp_path / "catalog.toml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, environ={})

    return loaded


def refused(load: Loader, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text)
    return caught.value.message


def test_nothing_is_served_and_nothing_written_by_default(load: Loader) -> None:
    loaded = load("")
    assert loaded.web == WebSettings(
        listen=None, base_url="", mirror_key_env="", mirror_key_file=None, mirror_open=False
    )
    assert loaded.publish == PublishSettings(folder=None, base_url="", sources=(), models=())
    assert config.mirror_key(loaded.web, environ={}) is None


def test_everything_can_be_set(load: Loader, tmp_path: Path) -> None:
    loaded = load("""
        [web]
        listen = "[::1]:80"
        base_url = "HTTPS://Models.Example.org:443/catalog/v1/"
        mirror_key_file = "mirror"
        [publish]
        folder = "public"
        base_url = "http://models.example.org"
        sources = ["anthropic"]
        models = ["claude-*"]
    """)
    assert loaded.web == WebSettings(
        listen=("::1", 80),
        base_url="https://models.example.org/catalog/v1",
        mirror_key_file=tmp_path / "mirror",
    )
    assert loaded.publish == PublishSettings(
        folder=tmp_path / "public",
        base_url="http://models.example.org",
        sources=("anthropic",),
        models=("claude-*",),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[web]\nlisten = "8460"', "web.listen: must be an address such as"),
        ('[web]\nbase_url = "models.example.org"', "web.base_url: must be a URL such as"),
        ('[web]\nbase_url = "ftp://models.example.org"', "web.base_url: must be a URL such as"),
        ('[web]\nbase_url = "https:///catalog"', "web.base_url: must name a host, as"),
        (f'[web]\nbase_url = "https://u:{SECRET}@host"', "web.base_url: must not hold a user or password"),
        (f'[web]\nbase_url = "https://host/?key={SECRET}"', "web.base_url: must not hold a query"),
        ('[publish]\nbase_url = "https://host/#top"', "publish.base_url: must not hold a query"),
        (f'[web]\nmirror_key_env = "{SECRET}"', "web.mirror_key_env: must be the name of an environment variable"),
        ("[web]\nmirror_open = 1", "web.mirror_open: must be true or false"),
        ('[web]\nmirror_key_env = "A"\nmirror_key_file = "b"', "web.mirror_key_file: is given together with"),
        ('[web]\nmirror_key_env = "A"\nmirror_open = true', "web.mirror_open: is given together with a key"),
        ('[web]\nmirror_key_file = "a"\nmirror_open = true', "web.mirror_open: is given together with a key"),
        ('[web]\nlisten = "0.0.0.0:80"\nmirror_open = true', "web.mirror_open: is for this machine alone"),
        ('[web]\nlisten = "[::]:80"\nmirror_open = true', "web.mirror_open: is for this machine alone"),
        ('[web]\nlisten = "example.org:80"\nmirror_open = true', "web.mirror_open: is for this machine alone"),
        ("[web]\nport = 1", "web.port: no such setting"),
        ("web = 1", "web: must be a table"),
        ("[publish]\nfolder = 5", "publish.folder: must be a path to a folder, or empty"),
        (
            '[publish]\nsources = ["anthropc"]',
            'publish.sources: no source is named anthropc; did you mean "anthropic"?',
        ),
    ],
)
def test_what_cannot_be_is_refused(load: Loader, text: str, words: str) -> None:
    message = refused(load, text)
    assert words in message
    assert SECRET not in message


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.1:1", ""])
def test_the_mirror_may_be_open_on_this_machine(load: Loader, listen: str) -> None:
    assert load(f'[web]\nlisten = "{listen}"\nmirror_open = true').web.mirror_open


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "no key for the mirror: MIRROR_KEY is not set"),
        ({"MIRROR_KEY": " "}, "no key for the mirror: MIRROR_KEY is empty"),
        ({"MIRROR_KEY": SECRET[1:]}, "must have 16 characters or more"),
        ({"MIRROR_KEY": SECRET + " x"}, "cannot be one"),
    ],
)
def test_a_key_of_the_mirror_that_cannot_be_one_is_refused(environ: Mapping[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.mirror_key(WebSettings(mirror_key_env="MIRROR_KEY"), environ=environ)
    assert words in caught.value.message
    assert SECRET[1:] not in caught.value.message


def test_the_key_of_the_mirror_is_found_and_never_shown(load: Loader, tmp_path: Path) -> None:
    path = tmp_path / "mirror"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o644)
    loaded = load('[web]\nmirror_key_file = "mirror"')
    found = config.mirror_key(loaded.web, environ={})
    assert found is not None
    assert found.reveal() == SECRET
    assert [each for each in loaded.warnings if str(path) in each]
    named = load('[web]\nmirror_key_env = "MIRROR_KEY"')
    assert SECRET in list(config.secrets(named, environ={"MIRROR_KEY": SECRET}))
