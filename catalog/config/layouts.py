"""Settings of a source that say how its list is asked for and laid out, and that do not go together."""

from collections.abc import Iterator

from catalog.config import apis
from catalog.config.apis import Row
from catalog.config.tables import Problems, Table
from catalog.domain import DATE_FIELDS
from catalog.dotted import path, pieces, takes_from
from catalog.settings import SourceSettings

_ANTHROPICS = ("api_version", "betas", "lifecycle", "workspace_id")  # what no other API knows
_CURSORS = ("after_id", "before_id", "limit")
# Headers of the connection; the key would go to what another `Host` names.
_OF_REQUEST = ("host", "connection", "content-length", "transfer-encoding", "accept-encoding")
_NEEDS_NEXT = ("token", "url")
_NEEDS_PARAMETER = ("token", "page")

_PARTS_OF_DATES: tuple[tuple[str, ...], ...] = ((), ("year",), ("month",), ("day",))

_Problem = tuple[str, str]  # the setting, and what is wrong with it


def check(source: SourceSettings, written: Table, problems: Problems) -> None:
    """Note what does not go together; `written` is the source's own table, without its row."""
    row = apis.known(source.api)
    paged = _paged(source, written)
    for setting, words in [*_of_api(source, written, row), *_sent(source), *paged, *_ignored(source)]:
        problems.add(f"{written.path}{setting}", words)


def _of_api(source: SourceSettings, written: Table, row: Row) -> Iterator[_Problem]:
    """What the API of the source does not know, and what only the user knows."""
    if source.api == apis.NATIVE:
        return
    for name in _ANTHROPICS:
        if name in written.values:
            yield name, f'belongs to api = "{apis.NATIVE}": no other API knows it'
    own_list = written.values.get("list")
    if "list" in row.needs and not (isinstance(own_list, dict) and "path" in own_list):
        yield "list.path", f"must be given, such as {row.needs['list']['path']}"
    if source.list.size_param and source.page_size > source.largest_page:
        yield "page_size", f"must be at most {source.largest_page}: {row.title} gives no more on a page"


def _sent(source: SourceSettings) -> Iterator[_Problem]:
    """What is sent with each page must not stand for what the walk sends by itself."""
    for name in source.headers:
        if name.lower() == source.auth.lower():
            yield f"headers.{name}", "is the header that carries the key: name the key with api_key_env"
        if name.lower() in _OF_REQUEST:
            yield f"headers.{name}", "is set by each request itself: leave it out"
    ours = {source.list.token_param, source.list.size_param, *(_CURSORS if source.paging == "cursor" else ())}
    for name in source.query:
        if name in ours:
            yield f"query.{name}", "is a parameter of the paging: leave it to page_size and to the walk"


def _paged(source: SourceSettings, written: Table) -> Iterator[_Problem]:
    """What a style of paging relies on."""
    style, layout, own_list = source.paging, source.list, written.values.get("list")
    if style == "none" and "paging" not in written.values and isinstance(own_list, dict) and own_list.get("next"):
        yield "paging", 'must be given with list.next: "token" or "url", as what stands there'
    if style == "cursor" and ("{" in layout.id or layout.id_prefix):
        yield "paging", 'must not be "cursor" where ids are put together or cut: the cursor is an id as it was received'
    if style in _NEEDS_NEXT and not layout.next:
        yield "list.next", f'must be given with paging = "{style}": where the answer names the next page'
    if style in _NEEDS_PARAMETER and not layout.token_param:
        yield "list.token_param", f'must be given with paging = "{style}": the parameter that asks for the next page'
    if style in _NEEDS_PARAMETER and layout.token_param and layout.token_param == layout.size_param:
        yield "list.size_param", "must not be list.token_param: one asks for the next page, the other for its size"
    if style == "page" and not layout.total:
        yield "list.total", 'must be given with paging = "page": without a count nothing says where the list ends'


def _ignored(source: SourceSettings) -> Iterator[_Problem]:
    """A member that is not read cannot be the id or a column. A date is an exception: it may say when we asked."""
    ids = [piece for piece in pieces(source.list.id) if not isinstance(piece, str)]
    columns = [
        (*path(each), *part)
        for name, paths in source.list.fields.items()
        if name != "created_at"
        for each in paths
        for part in (_PARTS_OF_DATES if name in DATE_FIELDS else [()])
    ]
    for text in source.ignore:
        if any(takes_from(path(text), each) for each in [*ids, *columns]):
            yield "ignore", f"must not name {text}, from which the id or a column is read"
