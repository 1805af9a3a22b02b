"""Says in our words what is wrong with a query of the user.

Of the driver's words, which may hold anything, a message repeats only what stands in the query itself.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from catalog.errors import QueryError
from catalog.store.schema import views

_RELATION = "there is no table or view {}"
_COLUMN = "there is no column {}"
_FUNCTION = "there is no function or operator {} for such values"
_SYNTAX = "it cannot be understood at {}"
_AMBIGUOUS = "more than one table has a column {}"
_VALUE = "a value has the wrong form, or is out of range"
_WRITES = "it would do something else than read"
_SEVERAL = "it is more than one statement"
_AGGREGATE = "an aggregate such as count() stands where none may, or beside a column that GROUP BY does not name"
_NO_COLUMN = "ORDER BY or GROUP BY names a column by a number that is none of the query's"
_WIDTHS = "its parts have different numbers of columns"
_TOO_LONG = "a value would be too long"
_EMPTY = "it is empty, or no query"

_OF_SQLITE = (
    (r"no such (?:table|view): (.+)", _RELATION),
    (r"no such column: (.+)", _COLUMN),
    (r"(?:no such|wrong number of arguments to) function:? (\w+).*", _FUNCTION),
    (r'(?:near|unrecognized token:) "(.+)"(?:: syntax error)?', _SYNTAX),
    (r"incomplete input()", _SYNTAX),
    (r"ambiguous column name: (.+)", _AMBIGUOUS),
    (r"datatype mismatch()|malformed JSON.*()|.*overflow.*()", _VALUE),
    (r"not authorized()|authorization denied()|access to .+ is prohibited()|cannot modify .+()", _WRITES),
    (r"misuse of (?:aggregate|window function).*()", _AGGREGATE),
    (r".+ (?:ORDER|GROUP) BY term out of range.*()", _NO_COLUMN),
    (
        r"SELECTs to the left and right .+()|sub-select returns .+()|all VALUES must .+()|.+ values for .+ columns()",
        _WIDTHS,
    ),
    (r"string or blob too big()", _TOO_LONG),
    (r"You can only execute one statement at a time\.()", _SEVERAL),
)
# By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_OF_POSTGRES = {
    "42P01": _RELATION,
    "42703": _COLUMN,
    "42883": _FUNCTION,
    "42601": _SYNTAX,
    "42702": _AMBIGUOUS,
    "42803": _AGGREGATE,
    "42P10": _NO_COLUMN,
    "42804": _VALUE,
    "42501": "this role may not read that",
    "25001": _WRITES,
    "25006": _WRITES,
    "0A000": _WRITES,
    "22": _VALUE,
}
_HINT = "docs/reference/schema.md names all views and columns; `catalog sql --recipes` has queries to begin with"
_OTHERWISE = (
    "one query is allowed, which begins with SELECT, WITH or VALUES; a colon that begins no name is written \\:"
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE", "EXPLAIN")
_QUOTED = re.compile(r"[\"«„»]([^\"«„»“]+)[\"“«»]|\b(\w+\.\w+)\b|\b(\w+)\(")


def explain(query: str, message: str, code: str, kind: str) -> QueryError:
    """Give the error for a query that the database refused, with its message and code."""
    opening = re.match(r"[\s(;]*(\w*)", _COMMENTS.sub(" ", query))
    first = opening[1].upper() if opening else ""
    if not first:
        return QueryError(f"the query was refused: {_EMPTY}", hint=_OTHERWISE)
    if first not in _QUERIES:
        return QueryError(f"the query was refused: {first} begins no query", hint=_OTHERWISE)
    sentence, word = _sentence(query, message, code)
    if not sentence:
        told = " ".join(filter(None, (kind, code)))
        return QueryError(f"the query was refused ({told})", hint=_OTHERWISE)
    called = f'"{word}"' if word else "its end" if sentence == _SYNTAX else "of that name"
    words = sentence.format(called)
    hint = _OTHERWISE if sentence in {_WRITES, _SEVERAL, _SYNTAX} else _HINT
    return QueryError(f"the query was refused: {words}{_guess(word, sentence)}", hint=hint)


def _sentence(query: str, message: str, code: str) -> tuple[str, str]:
    """Find our sentence for an error, and the word of the query that it is about ("": none)."""
    if code.startswith("SQLITE") or not code:
        for pattern, sentence in _OF_SQLITE:
            if found := re.fullmatch(pattern, message, re.DOTALL):
                word = next(filter(None, found.groups()), "")
                return sentence, word if word in query else ""
        return "", ""
    sentence = _OF_POSTGRES.get(code) or _OF_POSTGRES.get(code[:2], "")
    return sentence, next(_words_of_query(message, query), "")


def _words_of_query(message: str, query: str) -> Iterator[str]:
    """Find what a message quotes, in whichever language, and what stands in the query."""
    for found in _QUOTED.findall(message):
        word = next(filter(None, found))
        if word.lower() in query.lower():
            yield word


def _guess(word: str, sentence: str) -> str:
    tables = views.surface.tables
    known = {_RELATION: set(tables), _COLUMN: {str(one.name) for table in tables.values() for one in table.columns}}
    close = get_close_matches(word.rpartition(".")[2].lower(), known.get(sentence, ()), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
