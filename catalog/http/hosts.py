"""Names and addresses of hosts. Pure."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address


def is_loopback(name: str) -> bool:
    """Tell whether a host is this very machine: localhost and all below it (RFC 6761), 127.0.0.0/8, ::1, as mapped too.

    Short and numeric spellings that systems take for an address, such as 127.1 or 2130706433, count as the address.
    """
    name = name.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    found = address(name)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found is not None and found.is_loopback


def address(name: str) -> IPv4Address | IPv6Address | None:
    """Read an address in any spelling that a system takes for one; None: it is a name."""
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):  # ValueError: a NUL, or a sign that is not ASCII
        return None
