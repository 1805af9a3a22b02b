"""Answers requests: finds the route, asks the catalog in one read transaction, and adds what HTTP and safety need."""

import hashlib
import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from catalog import logs
from catalog.errors import CatalogError, DatabaseError, UnknownModelError
from catalog.http import hosts
from catalog.store.engine import deadlines
from catalog.store.queries import history
from catalog.web import asked, markup, mirror
from catalog.web.routes import HEALTH, ROUTES, STATIC, Route
from catalog.web.server import frame
from catalog.web.server.serving import HEADERS, METHODS
from catalog.web.server.visit import Site, Visit, WebAnswer

log = logging.getLogger("catalog.web")

_LONGEST = 10.0  # seconds for the database to answer
_SECOND = timedelta(seconds=1)
_DEEPEST = 10  # folders that a link climbs out of
_ICON = "favicon.ico"
_STATUS = (
    (UnknownModelError, HTTPStatus.NOT_FOUND),
    (DatabaseError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_NAMED_OTHERWISE = "set web.base_url to what people type, where that is another name than that of this machine"
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what `web.listen` may say


class App:
    """The application, for any WSGI server."""

    def __init__(self, site: Site) -> None:
        """Keep what answers are made from."""
        self._site = site
        self._static = {address: (name, body) for name, (address, body) in markup.static().items()}
        rules = [Rule(f"/{HEALTH}", endpoint=HEALTH), Rule(f"/{STATIC}/<name>", endpoint=STATIC)]
        rules += [Rule("/", endpoint=(ROUTES[0], "html")), Rule(f"/{_ICON}", endpoint=_ICON)]
        rules += [Rule(f"{route.rule}.{form}", endpoint=(route, form)) for route in ROUTES for form in route.forms]
        self._rules = Map(rules, merge_slashes=False)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        is_mirrored = mirror.is_meant(request.environ.get("REQUEST_URI", ""))
        answer = self._mirrored(request) if is_mirrored else self._answer(request)
        told = logs.event("web.answered", status=answer.status)
        log.debug("%s %s: %d", request.method, request.path, answer.status, extra=told)  # never the query
        return _response(answer, request, self._site.clock())(environ, start)

    def _answer(self, request: Request) -> WebAnswer:
        try:
            return self._routed(request)
        except NotFound:
            words, hint = "there is no such page", "the links above lead to those that there are"
            return _refused(request, HTTPStatus.NOT_FOUND, [words], hint)
        except asked.QuestionError as error:
            hint = "take what is wrong out of the address, or begin anew from the links above"
            return _refused(request, HTTPStatus.BAD_REQUEST, error.faults, hint)
        except CatalogError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
            return _refused(request, status, [error.message], error.hint)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in one answer, the next one is made
            return _refused(request, HTTPStatus.INTERNAL_SERVER_ERROR, [_unforeseen(error)])

    def _routed(self, request: Request) -> WebAnswer:
        if fault := self._fault(request):
            status, words = fault
            hint = _NAMED_OTHERWISE if status is HTTPStatus.BAD_REQUEST else ""
            return _with_methods(_refused(request, status, [words], hint))
        if request.environ.get("REQUEST_URI", "").startswith("//"):  # the server takes them for one
            raise NotFound
        endpoint, path = self._rules.bind("").match(request.path)
        if isinstance(endpoint, str):
            return self._fixed(endpoint, path)
        route, form = endpoint
        return self._visited(request, route, form, path)

    def _mirrored(self, request: Request) -> WebAnswer:
        """Answer from the mirror; its errors have the form of the API's."""
        call = mirror.Call(
            target=request.environ["REQUEST_URI"],
            headers={name.lower(): value for name, value in request.headers.items()},
            request_id=f"req_{uuid.uuid4().hex}",
        )
        if fault := self._fault(request):
            return _with_methods(mirror.refused(fault[0], "invalid_request_error", fault[1], call.request_id))
        switched = self._site.mirror
        if switched is None:
            return mirror.refused(HTTPStatus.NOT_FOUND, "not_found_error", "there is no mirror here", call.request_id)
        try:
            with self._site.database.read() as connection, deadlines.within(connection, _LONGEST):
                configured, now = self._site.sources, self._site.clock()
                return mirror.answer(connection, call, key=switched.key, configured=configured, now=now)
        except DatabaseError as error:
            status, words = HTTPStatus.SERVICE_UNAVAILABLE, error.message
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in one answer, the next one is made
            status, words = HTTPStatus.INTERNAL_SERVER_ERROR, _unforeseen(error)
        return mirror.refused(status, "api_error", words, call.request_id)

    def _fault(self, request: Request) -> tuple[HTTPStatus, str] | None:
        """Tell what is wrong with a request, whatever it asks for."""
        if not _is_ours(request.environ.get("HTTP_HOST", ""), self._site):
            return HTTPStatus.BAD_REQUEST, "this host is not served here"
        if request.method not in METHODS:
            return HTTPStatus.METHOD_NOT_ALLOWED, "it can only be read"
        if request.content_length or "HTTP_TRANSFER_ENCODING" in request.environ:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a question has no body here"
        return None

    def _fixed(self, endpoint: str, path: Mapping[str, str]) -> WebAnswer:
        if endpoint == HEALTH:
            self._site.demand_schema()
            return WebAnswer(body=b"ok\n", media="text/plain; charset=utf-8")
        if endpoint == _ICON:  # what browsers ask for beside a picture
            return WebAnswer(body=markup.static()["icon.svg"][1], media=markup.MEDIA[".svg"])
        name, body = self._static.get(f"{STATIC}/{path['name']}", ("", b""))
        if not name:
            raise NotFound
        kept = {"Cache-Control": "max-age=31536000, immutable"}
        return WebAnswer(body=body, media=markup.MEDIA[name[name.rindex(".") :]], headers=kept)

    def _visited(self, request: Request, route: Route, form: str, path: Mapping[str, str]) -> WebAnswer:
        now, pairs = self._site.clock(), list(request.args.items(multi=True))
        with self._site.database.read() as connection, deadlines.within(connection, _LONGEST):
            known = {each.source for each in history.sources(connection)} | {*self._site.sources}
            question = asked.read(route.name, pairs, asked.Surroundings(now=now, sources=known))
            visit = Visit(
                name=route.name,
                site=self._site,
                connection=connection,
                now=now,
                form=form,
                path=path,
                question=question,
                base_url=self._site.settings.base_url or f"http://{request.environ['HTTP_HOST']}",
                sources=sorted(known),
            )
            return frame.answer(visit, route)


def _unforeseen(error: Exception) -> str:
    """Log by its type alone what went wrong, and give words for it: its own words may quote rows."""
    name, trace = type(error).__name__, error if log.isEnabledFor(logging.DEBUG) else None
    told = logs.event("web.failed", error=name)
    log.error("an answer could not be made: unexpected: %s", name, extra=told, exc_info=trace)
    return f"unexpected: {name}"


def _is_ours(host: str, site: Site) -> bool:
    """Tell whether a request may be for this site; another name may be one that leads here to read our pages."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].strip("[]").lower()
    known = {site.listen[0].lower(), urlsplit(site.settings.base_url).hostname}
    is_literal = site.listen[0] in _EVERYWHERE and hosts.address(name) is not None
    return hosts.is_loopback(name) or name in known or is_literal


def _refused(request: Request, status: HTTPStatus, words: Sequence[str], hint: str = "") -> WebAnswer:
    """Say why there is no answer: as JSON where that was asked for, else as a page."""
    if request.path.endswith((".json", ".csv")):
        body = json.dumps({"error": "; ".join(words), **({"hint": hint} if hint else {})})
        return WebAnswer(body=f"{body}\n".encode(), media="application/json", status=status)
    return frame.refusal(status, words, hint, root="../" * min(request.path.count("/") - 1, _DEEPEST))


def _with_methods(answer: WebAnswer) -> WebAnswer:
    """Add to a refusal of a method which ones there are."""
    is_of_method = answer.status == HTTPStatus.METHOD_NOT_ALLOWED
    return replace(answer, headers={**answer.headers, "Allow": ", ".join(METHODS)}) if is_of_method else answer


def _response(answer: WebAnswer, request: Request, now: datetime) -> Response:
    response = Response(answer.body, status=answer.status, content_type=answer.media)
    response.headers.extend({"Cache-Control": "no-cache", **HEADERS, **answer.headers})
    if answer.status == HTTPStatus.OK:
        response.set_etag(hashlib.sha256(answer.body).hexdigest()[:32])
        # Another run may end in the same second, and a date tells no more than that.
        if answer.modified and now - answer.modified >= _SECOND:
            response.last_modified = answer.modified
        response.make_conditional(request)
    return response
