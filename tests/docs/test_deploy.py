"""What deploy/ shows can be deployed, as far as that is known without the machines it is for."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import click
import pytest
import sqlalchemy as sa
import yaml

from catalog import __version__, cli, config, cron
from catalog.errors import Exit
from catalog.monitor import probes
from tests.docs.test_readme import blocks
from tests.server import ModelsServer, model

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROGRAM = "/opt/catalog/bin/catalog"
CONFIGS = sorted(DEPLOY.rglob("catalog.toml"))
READERS = ("catalog.service", "catalog-sync.service")  # of lists
SERVICES = (*READERS, "catalog-web.service")
README = (DEPLOY / "README.md").read_text("utf-8")
TEXTS = {
    path.relative_to(ROOT): path.read_text("utf-8")
    for path in DEPLOY.rglob("*")
    if path.is_file() and path.parent.name != "secrets"
}

# Whose they are, other than ours: of libpq, of the image of Postgres, of the image of Python and its pip.
FOREIGN_VARIABLES = re.compile(
    r"PGSERVICEFILE|VERSION|POSTGRES_(USER|DB|PASSWORD_FILE)|PIP_\w+|PYTHON\w*|PATH|HOME|SLACK_TOKENS"
)


# Readers: small ones, for formats that have none in Python


@cache
def unit(name: str) -> tuple[tuple[str, str, str], ...]:
    """Give every setting of a unit as section, name and value; systemd allows a name more than once."""
    section, found = "", []
    for line in (DEPLOY / "systemd" / name).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, line
            found.append((section, key, value))
    return tuple(found)


def values(name: str, wanted: str) -> list[str]:
    return [value for _, key, value in unit(name) if key == wanted]


@cache
def instructions() -> tuple[tuple[str, str], ...]:
    """Give each instruction of the Containerfile and what follows it, continued lines joined."""
    text = re.sub(r"^#.*\n", "", TEXTS[Path("deploy/Containerfile")], flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return tuple((word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line))


def instruction(wanted: str) -> list[str]:
    return [rest for word, rest in instructions() if word == wanted]


def manifest(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


COMPOSE = manifest("compose/compose.yaml")
DEPLOYMENT = manifest("kubernetes/deployment.yaml")
CRON_JOB = manifest("kubernetes/cronjob.yaml")
CLAIM, BACKUP = yaml.safe_load_all((DEPLOY / "kubernetes/backup.yaml").read_text("utf-8"))
WEB, WEB_SERVICE = yaml.safe_load_all((DEPLOY / "kubernetes/web.yaml").read_text("utf-8"))
WORKFLOW = manifest("github/pages.yml")
STEPS = WORKFLOW["jobs"]["publish"]["steps"]
PODS = {
    "web": WEB["spec"]["template"]["spec"],
    "deployment": DEPLOYMENT["spec"]["template"]["spec"],
    "cronjob": CRON_JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    "backup": BACKUP["spec"]["jobTemplate"]["spec"]["template"]["spec"],
}


def container(pod: str) -> Any:
    (one,) = PODS[pod]["containers"]
    return one


# Commands

LATER = {"web", "publish"} - set(cli.command.list_commands(click.Context(cli.command)))  # while they are being built


def typed() -> Iterator[tuple[str, list[str]]]:
    """Find every command of ours, and where it stands."""
    for name in SERVICES:
        for line in values(name, "ExecStart"):
            yield name, shlex.split(line)
    yield "crontab", shlex.split(crontab().rpartition("&&")[2])
    yield "Containerfile", [*json.loads(instruction("ENTRYPOINT")[0]), *json.loads(instruction("CMD")[0])]
    yield "HEALTHCHECK", json.loads(instruction("HEALTHCHECK")[0].partition("CMD ")[2])
    yield "compose", ["catalog", *COMPOSE["services"]["catalog"]["command"]]
    yield "compose, web", ["catalog", *COMPOSE["services"]["web"]["command"]]
    yield "compose, healthcheck", COMPOSE["services"]["catalog"]["healthcheck"]["test"][1:]
    for pod in PODS:
        one = container(pod)
        yield pod, shlex.split(one["args"][0].splitlines()[0]) if "command" in one else ["catalog", *one["args"]]
    for found in re.findall(r"^catalog .*", "\n".join(step.get("run", "") for step in STEPS), flags=re.MULTILINE):
        yield "workflow", shlex.split(found)
    for line in (line for block in blocks("sh", README) for line in block.splitlines()):
        for found in re.findall(rf"(?:{PROGRAM}|exec catalog catalog|catalog:0\.1\.0(?= \w)).*", line):
            yield "README", ["catalog", *shlex.split(found.removeprefix("exec catalog "))[1:]]
    for page, text in TEXTS.items():
        for span in re.findall(r"`(catalog [a-z][^`]*)`|^# +(catalog [a-z].*?) && ", text, flags=re.MULTILINE):
            yield str(page), shlex.split("".join(span))


def crontab() -> str:
    (line,) = [line for line in TEXTS[Path("deploy/crontab")].splitlines() if not line.startswith("#")]
    return line


def test_every_command_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    commands = [(where, words) for where, words in typed() if not {*words[1:2]} & LATER]
    refused = [
        (where, words, capsys.readouterr().err)
        for where, words in commands
        if words[0] not in {"catalog", PROGRAM} or cli.run([*words[1:], "--help"]) != Exit.DONE
    ]
    assert refused == []
    assert {where for where, _ in commands} >= {*READERS, "crontab", "HEALTHCHECK", "compose", "README"}
    assert {where for where, _ in typed()} >= {*SERVICES, *PODS, "compose, web", "workflow", "deploy/s3/upload.sh"}


def test_cron_runs_the_line_of_the_readme() -> None:
    (line,) = [line for block in blocks("cron") for line in block.splitlines()]
    assert crontab().replace(PROGRAM, "catalog") == line
    assert cron.parse(" ".join(line.split()[:5])) == cron.parse(CRON_JOB["spec"]["schedule"])


# Configurations


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.parent.name)
def test_every_configuration_loads(path: Path) -> None:
    loaded = config.load(path, environ={})
    assert loaded.warnings == ()
    assert (loaded.sources[0].api_key_file is None) == (path.parent.name == "github")  # which has secrets as variables


def test_every_variable_is_somebodys() -> None:
    ours = "\n".join(path.read_text("utf-8") for path in (ROOT / "catalog").rglob("*.py"))
    named = {name for pod in PODS for name in (one["name"] for one in container(pod)["env"])}
    named |= {name for service in COMPOSE["services"].values() for name in service["environment"]}
    named |= {name for line in [*instruction("ENV"), *instruction("ARG")] for name in re.findall(r"(\w+)=", line)}
    named |= {name for text in TEXTS.values() for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+(?==| -e|`|\b \w+:)", text)}
    named |= {name for text in TEXTS.values() for name in re.findall(r"-e ([A-Z_]+)", text)}
    strangers = {name for name in named if not FOREIGN_VARIABLES.fullmatch(name) and f'"{name}"' not in ours}
    assert strangers == set()
    assert {"CATALOG_CONFIG", "CATALOG_DATABASE_URL", "PGSERVICEFILE", "ANTHROPIC_API_KEY"} <= named


def test_the_probes_ask_what_is_answered_where_it_is_answered() -> None:
    watched = container("deployment")
    asked = {watched[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    notes = DEPLOYMENT["spec"]["template"]["metadata"]["annotations"]
    with probes.serving(("127.0.0.1", 0), page=lambda: b"", problems=list) as (host, port):
        for path in {*asked, notes["prometheus.io/path"]}:
            with urlopen(f"http://{host}:{port}{path}") as answer:
                assert answer.status == 200
    (port,) = [one["containerPort"] for one in watched["ports"] if one["name"] == "monitor"]
    assert config.load(DEPLOY / "kubernetes/catalog.toml", environ={}).monitor.listen == ("0.0.0.0", port)
    assert config.load(DEPLOY / "compose/catalog.toml", environ={}).monitor.listen == ("0.0.0.0", port)
    assert COMPOSE["services"]["catalog"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert notes["prometheus.io/port"] == str(port)
    assert set(re.findall(r"\b9\d{3}\b", README)) == {str(port)}


@pytest.mark.parametrize("kind", ["compose", "kubernetes"])
def test_the_service_file_leads_to_the_database(
    kind: str, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sa.make_url(postgres_url)
    told = {"host": url.host or url.query.get("host"), "port": url.port, "password": url.password}
    told |= {"dbname": url.database, "user": url.username}
    lines = [f"{name}={value}" for name, value in told.items() if value]
    server = ModelsServer(models=[model("claude-a")], key="sk-ant-...").start()
    (tmp_path / "pg_service").write_text("\n".join(["[catalog]", *lines, ""]))
    (tmp_path / "anthropic").write_text("sk-ant-...\n")
    (tmp_path / "anthropic").chmod(0o400)
    text = TEXTS[Path(f"deploy/{kind}/catalog.toml")]
    text = re.sub(r'"/run/secrets/\S*anthropic"', f'"anthropic"\nbase_url = "{server.url}"', text)
    (tmp_path / "catalog.toml").write_text(text)
    monkeypatch.setenv("CATALOG_CONFIG", str(tmp_path / "catalog.toml"))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "pg_service"))
    assert [cli.run([command]) for command in ("sync", "status")] == [Exit.DONE, Exit.DONE]
    server.close()


# systemd


def analyzer() -> str | None:
    """Find systemd's own judge, if it is here and knows what the units need (`%d`: 250)."""
    found = shutil.which("systemd-analyze")
    told = (
        subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        if found
        else "systemd 0"
    )
    return found if int(re.findall(r"\d+", told)[0]) >= 250 else None


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    sections = {name: {section for section, _, _ in unit(name)} for name in (*SERVICES, "catalog-sync.timer")}
    assert sections == {
        "catalog.service": {"Unit", "Service", "Install"},
        "catalog-sync.service": {"Unit", "Service"},
        "catalog-web.service": {"Unit", "Service", "Install"},
        "catalog-sync.timer": {"Unit", "Timer", "Install"},
    }
    analyze = analyzer()
    for name in sections:
        text = (DEPLOY / "systemd" / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace(PROGRAM, sys.executable))
    for name in sections if analyze else ():
        done = subprocess.run(
            [str(analyze), "verify", "--man=no", tmp_path / name], capture_output=True, text=True, check=False
        )
        said = [line for line in done.stderr.splitlines() if "catalog" in line]  # other units are none of ours
        assert (done.returncode, said) == (0, []), done.stderr


WALLS = {
    "User": "catalog",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
    "StateDirectory": "catalog",
    "LimitCORE": "0",
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_has_walls(name: str) -> None:
    assert {key: value for _, key, value in unit(name) if key in WALLS} == WALLS
    assert values(name, "SystemCallFilter") == ["@system-service", "~@privileged @resources"]


def test_all_units_have_the_same_walls() -> None:
    start = ("Service", "StateDirectory", "catalog")
    walls = [[one for one in unit(name)[unit(name).index(start) :] if one[0] == "Service"] for name in SERVICES]
    assert walls == [walls[0]] * len(SERVICES)


def test_the_worker_tells_systemd_how_it_is() -> None:
    assert values("catalog.service", "Type") == ["notify"]
    assert values("catalog.service", "WatchdogSec") == ["2min"]
    assert int(values("catalog.service", "SuccessExitStatus")[0]) == Exit.TERMINATED
    assert int(values("catalog.service", "RestartPreventExitStatus")[0]) == Exit.USAGE


def test_the_units_give_what_the_configuration_names() -> None:
    loaded = config.load(DEPLOY / "systemd/catalog.toml", environ={})
    assert loaded.database.url == "sqlite:////var/lib/catalog/catalog.db"
    assert values("catalog-web.service", "LoadCredential") == ["catalog.toml:/etc/catalog/catalog.toml"]
    assert values("catalog-web.service", "EnvironmentFile") == []
    for name in READERS:
        given = dict(value.split(":") for value in values(name, "LoadCredential"))
        assert loaded.sources[0].api_key_file == DEPLOY / "systemd" / "anthropic"
        assert given == {"catalog.toml": "/etc/catalog/catalog.toml", "anthropic": "/etc/catalog/anthropic"}
        assert values(name, "ExecStart")[0].endswith(" --config %d/catalog.toml")
        assert set(given.values()) <= set(re.findall(r"/etc/catalog/[\w.]+", README))


# The image


def test_the_image_is_built_from_what_is_there() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    copied = [name for rest in instruction("COPY") if "--from" not in rest for name in rest.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert [name for name in copied if name.split("/")[0] not in kept] == []
    assert sorted(kept) == sorted({name.split("/")[0] for name in copied})


def test_the_image_fetches_nothing_that_is_not_locked() -> None:
    assert instruction("ADD") == []
    installs = [
        step for rest in instruction("RUN") for step in rest.split("&&") if " install " in step and "pip" in step
    ]
    assert len(installs) == 3
    assert [step for step in installs if "--require-hashes" not in step and "--no-index" not in step] == []
    assert not re.search(r"https?://", " ".join(rest for _, rest in instructions()))


def test_the_image_runs_as_nobody_in_particular_and_is_looked_after() -> None:
    last = [word for word, _ in instructions()][::-1].index("FROM")
    final = dict(instructions()[-last:])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", final["USER"])
    assert final["HEALTHCHECK"].endswith('CMD ["catalog", "status", "--worker"]')
    assert "CATALOG_LISTEN=127.0.0.1:9464" in final["ENV"]
    assert final["ENTRYPOINT"] == '["catalog"]'
    assert f"-o {final['USER'].split(':')[0]} " in final["RUN"]
    assert f"chown {final['USER'].split(':')[0]} " in README


def test_no_secret_stands_in_a_layer_or_a_manifest() -> None:
    told = [*instruction("ENV"), *instruction("ARG"), *instruction("COPY"), *instruction("RUN")]
    assert [line for line in told if re.search(r"key|secret|password|token", line, re.IGNORECASE)] == []
    for pod in PODS:
        assert [one["name"] for one in container(pod)["env"]] == ["CATALOG_CONFIG", "PGSERVICEFILE"]
    for service in COMPOSE["services"].values():
        assert [name for name in service["environment"] if name.endswith(("PASSWORD", "KEY"))] == []


# compose


def test_compose_names_what_is_there() -> None:
    folder = DEPLOY / "compose"
    service = COMPOSE["services"]["catalog"]
    context = folder / service["build"]["context"]
    assert context.resolve() == ROOT
    assert (context / service["build"]["dockerfile"]).resolve() == DEPLOY / "Containerfile"
    assert {name: (folder / one["file"]).exists() for name, one in COMPOSE["configs"].items()} == {"catalog": True}
    assert [one["target"] for one in service["configs"]] == [service["environment"]["CATALOG_CONFIG"]]
    assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert COMPOSE["services"]["postgres"]["healthcheck"]["test"][1] == "pg_isready"


def test_compose_gives_each_service_its_secrets_and_no_other() -> None:
    given = {name: service["secrets"] for name, service in COMPOSE["services"].items()}
    assert given == {
        "catalog": ["anthropic", "pg_service"],
        "web": ["pg_service"],
        "postgres": ["postgres_password"],
    }
    files = {name: one["file"] for name, one in COMPOSE["secrets"].items()}
    assert files == {name: f"./secrets/{name}" for names in given.values() for name in names}
    assert [file for file in files.values() if file.removeprefix("./") not in README] == []
    loaded = config.load(DEPLOY / "compose/catalog.toml", environ={})
    assert loaded.sources[0].api_key_file == Path("/run/secrets/anthropic")
    assert COMPOSE["services"]["catalog"]["environment"]["PGSERVICEFILE"] == "/run/secrets/pg_service"
    assert COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"


@pytest.mark.parametrize("name", ["catalog", "web"])
def test_compose_builds_walls(name: str) -> None:
    service = COMPOSE["services"][name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


# Kubernetes


def test_kustomize_names_what_is_there() -> None:
    told = manifest("kubernetes/kustomization.yaml")
    (maps,) = told["configMapGenerator"]
    names = [*told["resources"], *maps["files"], "cronjob.yaml"]
    assert [name for name in names if not (DEPLOY / "kubernetes" / name).exists()] == []
    assert {one["name"] for one in told["images"]} == {container(pod)["image"] for pod in PODS}
    for pod in PODS.values():
        assert {one["configMap"]["name"] for one in pod["volumes"] if "configMap" in one} == {maps["name"]}


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_finds_its_files(pod: str) -> None:
    mounted = {one["name"]: one["mountPath"] for one in container(pod)["volumeMounts"]}
    environ = {one["name"]: one["value"] for one in container(pod)["env"]}
    loaded = config.load(DEPLOY / "kubernetes/catalog.toml", environ={})
    assert set(mounted) == {one["name"] for one in PODS[pod]["volumes"]}
    assert environ["CATALOG_CONFIG"] == f"{mounted['config']}/catalog.toml"
    assert environ["PGSERVICEFILE"] == f"{mounted['secrets']}/pg_service"
    assert loaded.sources[0].api_key_file == Path(mounted["secrets"], "anthropic")
    assert set(re.findall(r"--from-file=(\w+)", README)) == {"anthropic", "pg_service"}


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_has_walls(pod: str) -> None:
    user = int(instruction("USER")[-1].split(":")[0])
    assert PODS[pod]["automountServiceAccountToken"] is False
    assert PODS[pod]["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(pod)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(pod)["resources"].keys() == {"requests", "limits"}


def test_two_jobs_never_run_at_once_and_a_hung_one_ends_before_the_next() -> None:
    job = CRON_JOB["spec"]["jobTemplate"]["spec"]
    assert CRON_JOB["spec"]["concurrencyPolicy"] == "Forbid"
    assert (job["backoffLimit"], job["activeDeadlineSeconds"] < 3600) == (0, True)


def test_a_copy_a_night_goes_into_a_volume_and_old_ones_go(tmp_path: Path) -> None:
    (claimed,) = [one for one in PODS["backup"]["volumes"] if "persistentVolumeClaim" in one]
    assert claimed["persistentVolumeClaim"]["claimName"] == CLAIM["metadata"]["name"]
    one = container("backup")
    (place,) = [mount["mountPath"] for mount in one["volumeMounts"] if mount["name"] == claimed["name"]]
    stale, fresh = tmp_path / "old.db", tmp_path / "new.db"
    for path, days in ((stale, 31), (fresh, 29)):
        path.touch()
        os.utime(path, (time.time() - days * 86_400 - 60,) * 2)
    script = one["args"][0].replace(place, str(tmp_path)).replace("catalog db backup", "touch")
    subprocess.run([*one["command"], script], check=True)
    assert (stale.exists(), fresh.exists(), len(list(tmp_path.glob("20*.db")))) == (False, True, 1)


def test_the_image_says_what_it_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', instruction("LABEL")[0]))
    assert (labels["title"], labels["licenses"]) == (project["name"], project["license"])
    assert labels["version"] == "${VERSION}"
    assert f"VERSION={__version__}" in instruction("ARG")


# Words


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert [link for link in links if not (DEPLOY / link).exists()] == []
    named = {(DEPLOY / link).resolve() for link in links}
    assert {path.parent for path in CONFIGS} <= {path.parent for path in named}
