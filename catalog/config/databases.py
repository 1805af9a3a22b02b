"""Reads the URL of the database in its usual spellings. A refusal quotes nothing: it may hold a secret."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from catalog.config import kinds, places

_SQLITE = frozenset({"", "pysqlite", "aiosqlite"})
_POSTGRES = frozenset({"postgresql", "postgres"})
_DRIVERS = frozenset(
    {"", "psycopg", "psycopg3", "psycopg_async", "psycopg2", "psycopg2cffi", "asyncpg", "pg8000", "aiopg"}
)
_KEPT = ("postgresql", "postgres", "postgresql+psycopg")
_NEARLY = frozenset({"pg", "pgsql", "psql", "postgis", "postgre", "postgresqls", "postgressql"})
_PARTS = re.compile(r"//(?:(?P<login>[^/?#]*)@)?(?P<hosts>[^/?#@]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::([0-9]*))?")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_WORDS = re.compile(r"\s*[a-z_]+\s*=")
_WORD = re.compile(r"\s*([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)", re.DOTALL)
_SSL = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
_FORM = '"sqlite:///PATH" or "postgresql://USER@HOST/DATABASE"'
_CODED = f"must be {_FORM}; signs such as @ : / # in a password are written as %40 %3A %2F %23"
_AS_WORDS = 'must be words such as "host=HOST dbname=DATABASE user=USER", or a URL'


class DatabaseUrl:
    """The URL of a database; a relative SQLite path is made absolute later.

    Spellings of SQLAlchemy and libpq come out as a URL that psycopg takes:
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
    """

    words = _FORM

    def read(self, raw: object) -> str:
        if not isinstance(raw, str):
            raise ValueError(f"must be {self.words}")  # noqa: TRY004 - one type for every refusal
        words = bool(_WORDS.match(raw))
        if slip := kinds.slip(raw.strip().replace("'", "") if words else raw):
            raise ValueError(slip)
        if words:
            return _from_words(raw)
        scheme, _, rest = raw.partition(":")
        kind, _, driver = scheme.lower().partition("+")
        if kind == "sqlite" and driver in _SQLITE:
            return _sqlite(f"sqlite:{rest}")
        if kind in _POSTGRES and driver in _DRIVERS:
            return _postgres(scheme if scheme in _KEPT else "postgresql", rest)
        raise ValueError(_otherwise(kind, driver, rest))


def password(url: str) -> str:
    """Give the password in a URL, from its login or its query; empty: there is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url  # where in it the password is, cannot be told
    told = dict(parse_qsl(parts.query))
    return parts.password or told.get("password", "") or told.get("sslpassword", "")


def _sqlite(url: str) -> str:
    path = url.removeprefix("sqlite:///")
    if not url.startswith("sqlite:///") or not places.is_printable(url):
        raise ValueError("must be sqlite:/// (three slashes) and a path; a full path makes it four")
    if path in {"", ":memory:"}:
        raise ValueError("must name a file: a database in memory would forget everything at the end of the run")
    if "?" in path:
        raise ValueError("takes no options: what follows sqlite:/// is a path, as it is written, without ?")
    return url


def _postgres(scheme: str, rest: str) -> str:
    parts = _PARTS.fullmatch(rest)
    if parts is None or "@" in (parts["login"] or ""):  # Parsers differ in what they take for the password.
        raise ValueError(_CODED)
    written = parse_qsl(parts["query"] or "", keep_blank_values=True)
    # Other drivers call it `ssl`: https://www.postgresql.org/docs/current/libpq-ssl.html
    query = [("sslmode", _SSL.get(value.lower(), value)) if name == "ssl" else (name, value) for name, value in written]
    several = "," in parts["hosts"] or unquote(parts["hosts"]).startswith("/")
    if several or query != written:
        hosts = "" if several else parts["hosts"]
        query += _hosts(parts["hosts"]) if several else []
        login = f"{parts['login']}@" if parts["login"] is not None else ""
        url = f"{scheme}://{login}{hosts}{parts['path'] or '/'}?{urlencode(query, quote_via=quote, safe='/,:')}"
    else:
        url = f"{scheme}:{rest}"
    places.split(url, _KEPT, _CODED)
    return url


def _hosts(text: str) -> list[tuple[str, str]]:
    """Give several hosts, or the folder of a socket, as parameters of libpq."""
    found = [_HOST.fullmatch(each) for each in text.split(",")]
    if not all(found):
        raise ValueError(_CODED)
    pairs = [(unquote(each[1]).strip("[]"), each[2] or "") for each in found if each]
    ports = [("port", ",".join(port or "5432" for _, port in pairs))] if any(port for _, port in pairs) else []
    return [("host", ",".join(host for host, _ in pairs)), *ports]


def _from_words(text: str) -> str:
    """Make a URL of libpq's `name=value` pairs."""
    words, place = {}, 0
    while place < len(text.rstrip()):
        found = _WORD.match(text, place)
        if found is None:
            raise ValueError(_AS_WORDS)
        value = found[2][1:-1] if found[2].startswith("'") else found[2]
        words[found[1]] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        place = found.end()
    if not words.keys() & {"host", "hostaddr", "dbname", "user", "service"}:
        raise ValueError(_AS_WORDS)
    return _url(words)


def _url(words: Mapping[str, str]) -> str:
    rest = {name: value for name, value in words.items() if name not in {"user", "password", "dbname"}}
    host, port = rest.get("host", ""), rest.get("port", "")
    if "," in host and port and "," not in port:
        rest["port"] = ",".join([port] * len(host.split(",")))
    where = ""
    if _NAME.fullmatch(host) and (port.isdigit() or not port):
        where = host + (f":{port}" if port else "")
        rest = {name: value for name, value in rest.items() if name not in {"host", "port"}}
    secret = f":{quote(words['password'], safe='')}" if "password" in words else ""
    login = f"{quote(words.get('user', ''), safe='')}{secret}@" if {"user", "password"} & words.keys() else ""
    query = f"?{urlencode(rest, quote_via=quote, safe='/,:')}" if rest else ""
    url = f"postgresql://{login}{where}/{quote(words.get('dbname', ''), safe='')}{query}"
    places.split(url, _KEPT, _AS_WORDS)
    return url


def _otherwise(kind: str, driver: str, rest: str) -> str:
    if kind == "jdbc":
        right = (
            '"sqlite:///PATH"' if rest.lower().startswith("sqlite") else '"postgresql://USER:PASSWORD@HOST/DATABASE"'
        )
        return f"must not begin with jdbc: - write {right}"
    if kind in _NEARLY:
        return f"must begin with postgresql:// - write {_FORM}"
    if kind in _POSTGRES or kind == "sqlite":
        return f"names a driver that is not used here: leave out + and what follows it, as in {_FORM}"
    if rest and driver:
        return f"must be {_FORM}: no other database is supported"
    return f"must be {_FORM}; the path of a file is written after sqlite:///"
