"""Which hosts are this very machine."""

import pytest

from catalog.http import hosts


@pytest.mark.parametrize(
    "name",
    [
        *("localhost", "LocalHost", "localhost.", "models.localhost", "a.b.localhost."),
        *("127.0.0.1", "127.8.9.10", "127.1", "0x7f.0.0.1", "0177.1", "2130706433"),
        *("::1", "[::1]", "0:0:0:0:0:0:0:1", "::1%lo", "::ffff:127.0.0.1", "::ffff:7f00:1", "[::ffff:127.9.9.9]"),
    ],
)
def test_this_machine_in_any_spelling(name: str) -> None:
    assert hosts.is_loopback(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "example.org", "notlocalhost", "localhost.example.org", "localhost.evil", "127.0.0.1.example.org"),
        *("128.0.0.1", "10.0.0.1", "0.0.0.0", "1.127.0.0", "::2", "::", "::ffff:10.0.0.1", "fe80::1", "localhost\0"),
        *("\uff11\uff12\uff17.0.0.1", "loc\u00e4lhost"),
    ],
)
def test_other_machines(name: str) -> None:
    assert not hosts.is_loopback(name)
