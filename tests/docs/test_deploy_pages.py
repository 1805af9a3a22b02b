"""What deploy/ shows of pages: a proxy with a password, a published folder, a bucket, and GitHub Pages."""

import fnmatch
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from catalog import config
from catalog.cli.web import USUAL
from catalog.config import Config
from catalog.settings import DatabaseSettings
from catalog.store.engine import database as databases
from catalog.web.server import serving
from catalog.wiring import sites
from tests.docs.test_deploy import COMPOSE, DEPLOY, PODS, STEPS, TEXTS, WEB, WEB_SERVICE, WORKFLOW, container, values

Directive = tuple[str, list[str], list[Any]]  # name, arguments, and the directives of its block

PORT = USUAL[1]
HEADERS = {name: value for name, value in serving.HEADERS.items() if name != "Server"}
FIXED, FRESH = "public, max-age=31536000, immutable", "no-cache"


# nginx


def tokens(text: str) -> Iterator[str]:
    for found in re.finditer(r"\"([^\"]*)\"|#[^\n]*|([{};])|([^\s{};\"]+)", text):
        if not found[0].startswith("#"):
            yield found[1] if found[1] is not None else found[0]


def block(words: Iterator[str]) -> list[Directive]:
    found: list[Directive] = []
    said: list[str] = []
    for word in words:
        if word == "}":
            return found
        if word in {";", "{"}:
            found.append((said[0], said[1:], block(words) if word == "{" else []))
            said = []
        else:
            said.append(word)
    return found


def directives(name: str) -> list[Directive]:
    return block(tokens(TEXTS[Path("deploy/nginx") / name]))


def told(within: list[Directive], name: str) -> list[list[str]]:
    return [arguments for found, arguments, _ in within if found == name]


PROXY, FOLDER = (inner for name, _, inner in directives("catalog.conf") if name == "server")


def test_nginx_sends_the_headers_of_the_pages_with_every_answer() -> None:
    added = told(directives("catalog-headers.conf"), "add_header")
    assert {name: value for name, value, always in added} == {
        **HEADERS,
        "Strict-Transport-Security": "max-age=31536000",
    }
    assert {always for _, _, always in added} == {"always"}
    assert {name for (name,) in told(directives("catalog-headers.conf"), "proxy_hide_header")} == set(HEADERS)


@pytest.mark.parametrize("server", [PROXY, FOLDER], ids=["proxy", "folder"])
def test_no_place_of_a_server_drops_its_headers(server: list[Directive]) -> None:
    assert told(server, "include") == [["/etc/nginx/catalog-headers.conf"]]
    places = [inner for name, _, inner in server if name == "location"]
    assert [told(inner, "add_header") for inner in places] == [[]] * len(places)
    assert told(server, "listen") == [["443", "ssl"]]
    assert told(server, "server_tokens") == [["off"]]


def test_the_proxy_asks_for_a_password_and_hands_on_what_was_asked() -> None:
    assert told(PROXY, "auth_basic") == [["Model catalog"]]
    assert len(told(PROXY, "auth_basic_user_file")) == 1
    (place,) = [inner for name, arguments, inner in PROXY if (name, arguments) == ("location", ["/"])]
    assert told(place, "proxy_pass") == [[f"http://127.0.0.1:{PORT}"]]  # without a path: it goes on undecoded
    assert ["Host", "$host"] in told(place, "proxy_set_header")
    assert ["Authorization", ""] in told(place, "proxy_set_header")


def test_a_folder_is_served_with_its_types_and_caching() -> None:
    (caching,) = [inner for name, _, inner in directives("catalog.conf") if name == "map"]
    assert [(name, arguments) for name, arguments, _ in caching] == [("default", [FRESH]), ("~^/static/", [FIXED])]
    assert told(FOLDER, "add_header") == [["Cache-Control", "$catalog_caching"]]
    kinds = {arguments[1]: told(inner, "default_type") for name, arguments, inner in FOLDER if name == "location"}
    assert kinds == {
        r"\.ics$": [["text/calendar"]],
        r"\.feed\.json$": [["application/feed+json"]],
        r"\.csv$": [["text/csv"]],
        r"/\.": [],
    }


def test_nginx_itself_understands_it(tmp_path: Path) -> None:
    text = TEXTS[Path("deploy/nginx/catalog.conf")].replace("/etc/nginx/", f"{tmp_path}/").replace("443 ssl", "8443")
    text = re.sub(r"^ +ssl_.*\n", "", text, flags=re.MULTILINE)
    shutil.copy(DEPLOY / "nginx" / "catalog-headers.conf", tmp_path)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{ {text} }}\n")
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx:  # elsewhere the reader above has to do
        command = [nginx, "-t", "-q", "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


# A bucket


@pytest.fixture
def uploads(tmp_path: Path) -> list[list[str]]:
    """Run the script with an `aws` that only notes what it is asked."""
    (tmp_path / "aws").write_text("#!/usr/bin/env python3\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    (tmp_path / "aws").chmod(0o755)
    done = subprocess.run(
        [DEPLOY / "s3" / "upload.sh", "/srv/models", "s3://bucket"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def takes(call: list[str], name: str) -> bool:
    """Tell whether `aws s3 sync` takes this file of the folder: of its patterns the last that fits counts."""
    folder = call[2].removeprefix("/srv/models").strip("/")
    if folder and not name.startswith(f"{folder}/"):
        return False
    relative = name.removeprefix(f"{folder}/") if folder else name
    pairs = [(word, call[place + 1]) for place, word in enumerate(call) if word in {"--exclude", "--include"}]
    fitting = [word for word, pattern in pairs if fnmatch.fnmatchcase(relative, pattern)]
    return not fitting or fitting[-1] == "--include"


def option(call: list[str], name: str) -> str | None:
    return call[call.index(name) + 1] if name in call else None


@pytest.mark.parametrize(
    ("name", "caching", "kind", "is_deleted"),
    [
        ("index.html", FRESH, None, True),
        ("catalog.json", FRESH, None, True),
        ("models.csv", FRESH, None, True),
        ("model/anthropic/claude-opus-5.html", FRESH, None, True),
        ("model/anthropic/claude-opus-5.ics", FRESH, "text/calendar; charset=utf-8", True),
        ("model/anthropic/claude-opus-5.svg", FRESH, None, True),
        ("retirements.ics", FRESH, "text/calendar; charset=utf-8", True),
        ("changes.atom", FRESH, "application/atom+xml", True),
        ("changes.feed.json", FRESH, "application/feed+json", True),
        ("static/style.0123abcd.css", FIXED, None, False),
    ],
)
def test_each_file_goes_up_once_with_its_type_and_caching(
    uploads: list[list[str]], name: str, caching: str, kind: str | None, is_deleted: bool
) -> None:
    (call,) = [call for call in uploads if takes(call, name)]
    assert call[:2] == ["s3", "sync"]
    assert call[3] == call[2].replace("/srv/models", "s3://bucket")
    assert (option(call, "--cache-control"), option(call, "--content-type")) == (caching, kind)
    assert ("--delete" in call) == is_deleted


@pytest.mark.parametrize("name", [".lock", "model/anthropic/.claude-opus-5.html.tmp"])
def test_what_is_not_finished_does_not_go_up(uploads: list[list[str]], name: str) -> None:
    assert [call for call in uploads if takes(call, name)] == []


def test_what_pages_need_goes_up_before_them(uploads: list[list[str]]) -> None:
    assert takes(uploads[0], "static/style.0123abcd.css")
    assert takes(uploads[-1], "index.html")


# GitHub Pages


def test_the_workflow_runs_alone_and_may_do_no_more_than_publish() -> None:
    assert WORKFLOW["concurrency"] == {"group": "models", "cancel-in-progress": False}
    assert WORKFLOW["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    assert set(WORKFLOW[True]) == {"schedule", "workflow_dispatch"}  # YAML reads `on` as a truth


def test_secrets_are_seen_by_the_steps_that_need_them_alone() -> None:
    outside = {**WORKFLOW, "jobs": {**WORKFLOW["jobs"]["publish"], "steps": []}}
    assert "secrets." not in str(outside)
    given = {step["run"]: set(step["env"]) for step in STEPS if "secrets." in str(step)}
    assert given == {
        "catalog sync": {"ANTHROPIC_API_KEY", "CATALOG_DATABASE_URL"},
        "catalog publish site": {"CATALOG_DATABASE_URL"},
    }


def test_the_pages_are_published_after_a_failed_run_too_but_never_half_written() -> None:
    conditions = {step.get("name", step.get("uses")): step["if"] for step in STEPS if "if" in step}
    written = "${{ !cancelled() && steps.pages.outcome == 'success' }}"
    assert conditions == {
        "Write the pages": "${{ !cancelled() }}",
        "actions/upload-pages-artifact@v3": written,
        "actions/deploy-pages@v4": written,
    }
    (upload,) = [step for step in STEPS if step.get("uses") == "actions/upload-pages-artifact@v3"]
    assert upload["with"] == {"path": "site"}


def test_the_configuration_of_the_workflow_begins_no_new_history() -> None:
    loaded = config.load(DEPLOY / "github/catalog.toml", environ={"CATALOG_DATABASE_URL": "postgresql://db/catalog"})
    assert (loaded.database.url, loaded.database.must_exist) == ("postgresql://db/catalog", True)
    assert loaded.publish.base_url.startswith("https://")


# `catalog web` beside a worker


def test_pages_are_served_at_one_port() -> None:
    wanted = ["web", "--listen", f"0.0.0.0:{PORT}"]
    assert COMPOSE["services"]["web"]["command"] == wanted
    assert COMPOSE["services"]["web"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]  # of this machine alone
    assert f"http://127.0.0.1:{PORT}/healthz" in COMPOSE["services"]["web"]["healthcheck"]["test"][-1]
    assert container("web")["args"][:3] == wanted
    assert [(one["name"], one["containerPort"]) for one in container("web")["ports"]] == [("web", PORT)]
    assert f" web --listen 127.0.0.1:{PORT} " in values("catalog-web.service", "ExecStart")[0]


def test_who_serves_pages_holds_no_key_of_a_list() -> None:
    (secret,) = [one["secret"] for one in PODS["web"]["volumes"] if "secret" in one]
    assert secret["items"] == [{"key": "pg_service", "path": "pg_service"}]
    assert COMPOSE["services"]["web"]["secrets"] == ["pg_service"]


def test_the_service_leads_to_the_pod() -> None:
    labels = WEB["spec"]["template"]["metadata"]["labels"]
    assert WEB_SERVICE["spec"]["selector"] == WEB["spec"]["selector"]["matchLabels"] == labels
    assert [one["targetPort"] for one in WEB_SERVICE["spec"]["ports"]] == ["web"]


@pytest.mark.warns  # that it listens to all
def test_what_runs_in_a_pod_answers_its_probe_and_no_name_but_its_own(migrated_file: Path, tmp_path: Path) -> None:
    probe = container("web")["readinessProbe"]["httpGet"]
    assert container("web")["livenessProbe"].keys() >= {"tcpSocket"}  # a restart mends no database
    url = f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'catalog.db')}"
    pod = Config(database=DatabaseSettings(url=url), sources=())
    host = container("web")["args"][2].partition(":")[0]
    with closing(databases.open_(url)) as database, sites.serving(pod, database, (host, 0)) as (_, port):
        asked = {name: asks(port, probe["path"], name) for name in ("10.1.2.3:8460", "localhost", "catalog-web:80")}
    assert asked == {"10.1.2.3:8460": 200, "localhost": 200, "catalog-web:80": 400}


def asks(port: int, path: str, host: str) -> int:
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
