"""Versions of what keeps the catalog: the schema, the library and the drivers. Imports none of them."""

import sqlite3
from functools import cache
from importlib import metadata

HEAD = "0014"  # the revision of the schema that this program needs
FIRST = "0009"  # the revision that begins the chain: what is lower was made before the first release


def lines() -> list[str]:
    """Name each with its version, for a report of a fault."""
    packages = [("SQLAlchemy", "sqlalchemy"), ("psycopg", "psycopg")]
    found = [f"{name} {_installed(package)}" for name, package in packages]
    return [*found, f"SQLite {sqlite3.sqlite_version}", f"schema revision {HEAD}"]


@cache
def program() -> str:
    """The version of this program."""
    return _installed("model-catalog")


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "is not installed"
