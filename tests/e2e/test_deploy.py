"""The files in `deploy/` fit minichat and each other: the real program, or a similar parser, reads each file."""

import configparser
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from dataclasses import fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import postgres
from minichat.cli import main
from minichat.config import SHARED_MEMORY_DIR, Settings, SettingsError
from proxies import judged_configuration
from servers import BIN, SECRET, environment, free_port, serving
from settings import settings_from

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PASSWORD = "5b0c8f1e6d2a4937"


def lines_of_environment():
    """NAME=value, as compose and systemd read it; also those that are commented out."""
    lines = (DEPLOY / "env.example").read_text().splitlines()
    return [line.removeprefix("#") for line in lines if re.match(r"#?[A-Z_]+=", line)]


def filled(lines):
    given = dict(line.split("=", 1) for line in lines)
    return given | {"MINICHAT_SECRET_KEY": SECRET, "POSTGRES_PASSWORD": PASSWORD}


class TestTheEnvironment:
    def test_the_example_environment_names_exactly_the_settings(self):
        named = {line.partition("=")[0] for line in lines_of_environment()}
        known = {f"MINICHAT_{field.name.upper()}" for field in fields(Settings)} - {
            "MINICHAT_NOTICES",
            SHARED_MEMORY_DIR,
        }
        assert named - {"POSTGRES_PASSWORD"} == known

    def test_the_filled_in_example_environment_is_valid(self, tmp_path):
        set_lines = [line for line in lines_of_environment() if f"\n{line}" in (DEPLOY / "env.example").read_text()]
        settings = settings_from(filled(set_lines), root=tmp_path)
        assert settings.notices == ()
        assert settings.cors_origins == ()
        everything = filled(lines_of_environment()) | {"MINICHAT_SECRET_KEY_PREVIOUS": SECRET[::-1]}
        assert settings_from(everything, root=tmp_path).notices == ()

    def test_the_example_environment_without_a_secret_stops_the_start(self, tmp_path):
        with pytest.raises(SettingsError, match="MINICHAT_SECRET_KEY must hold at least 32 bytes"):
            settings_from(dict(line.split("=", 1) for line in lines_of_environment()), root=tmp_path)

    def test_the_example_environment_holds_no_character_that_compose_or_systemd_interpret(self):
        for line in lines_of_environment():
            assert not set(line) & set(" \"'$#\\"), line


class TestNginx:
    def test_nginx_accepts_the_configuration(self, tmp_path):
        found = judged_configuration(tmp_path, [free_port(), free_port()])
        assert found.returncode == 0, found.stderr
        assert "[warn]" not in found.stderr.replace("conflicting server name", "")


def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


class TestCompose:
    def test_every_service_and_volume_that_a_service_needs_exists(self):
        whole = compose()
        services: dict[str, Any] = whole["services"]
        for name, service in services.items():
            for other, condition in service.get("depends_on", {}).items():
                has_healthcheck = "healthcheck" in services[other] or services[other]["image"] == "minichat"
                assert condition["condition"] != "service_healthy" or has_healthcheck, (name, other)
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                assert source in whole["volumes"] or source.startswith("./"), (name, source)
        mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
        assert set(whole["volumes"]) <= mounted
        assert (DEPLOY / services["minichat-1"]["build"]["context"]).resolve() == ROOT
        assert (ROOT / services["minichat-1"]["build"]["dockerfile"]).is_file()

    def test_nginx_lists_every_minichat_service(self):
        upstreams = re.findall(r"server (minichat-\d+):8000 ", (DEPLOY / "nginx.conf").read_text())
        assert upstreams == [name for name in compose()["services"] if name.startswith("minichat-")]

    def test_each_minichat_has_a_fixed_address_that_nginx_knows(self):
        whole = compose()
        names = [name for name in whole["services"] if name.startswith("minichat-")]
        addresses = [whole["services"][name]["networks"]["default"]["ipv4_address"] for name in names]
        assert len(set(addresses)) == len(names)
        network = ip_network(whole["networks"]["default"]["ipam"]["config"][0]["subnet"])
        assert all(ip_address(address) in network for address in addresses)
        known = whole["services"]["nginx"]["extra_hosts"]
        assert known == [f"{name}:{address}" for name, address in zip(names, addresses, strict=True)]

    def test_the_settings_of_the_compose_file_are_valid(self, tmp_path):
        service = compose()["services"]["minichat-1"]
        assert service["env_file"] == ".env"
        set_here = {
            name: re.sub(r"\$\{POSTGRES_PASSWORD:\?[^}]*\}", PASSWORD, value)
            for name, value in service["environment"].items()
        }
        settings = settings_from(filled(lines_of_environment()[:1]) | named_hosts() | set_here, root=tmp_path)
        assert settings.database_url == f"postgresql://minichat:{PASSWORD}@postgres/minichat"
        assert settings.media_dir == Path("/var/lib/minichat/media")
        assert settings.trusted_proxies == 1

    def test_the_compose_file_holds_no_secret(self):
        for service in compose()["services"].values():
            for name, value in service.get("environment", {}).items():
                assert not re.search("PASSWORD|SECRET", name) or value.startswith("${"), name

    def test_the_compose_file_runs_existing_commands(self):
        for name, service in compose()["services"].items():
            if service["image"] == "minichat" and "command" in service:
                found = CliRunner().invoke(main, [*service["command"], "--help"])
                assert found.exit_code == 0, (name, found.output)


def named_hosts():
    return {"MINICHAT_ALLOWED_HOSTS": "chat.example.org", "MINICHAT_PUBLIC_URL": "https://chat.example.org"}


def instructions():
    """The Dockerfile's instructions, (name, rest), with continued lines put together."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


class TestDockerfile:
    def test_the_build_gets_exactly_the_files_that_the_image_copies(self):
        sources = [
            source
            for name, rest in instructions()
            if name == "COPY" and not rest.startswith("--from")
            for source in rest.split()[:-1]
        ]
        assert all((ROOT / source).exists() for source in sources)
        ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        assert ignored[1] == "*"
        assert {line[1:] for line in ignored if line.startswith("!")} == set(sources)

    def test_the_image_runs_minichat_as_process_1_without_root(self):
        found = instructions()
        last = found[max(place for place, (name, _) in enumerate(found) if name == "FROM") :]
        user = dict(last)["USER"]
        assert user.split(":")[0].isdecimal()
        assert int(user.split(":")[0]) > 0
        entry, command = (
            json.loads(next(rest for name, rest in last if name == kind)) for kind in ("ENTRYPOINT", "CMD")
        )
        assert entry == ["minichat"]
        assert CliRunner().invoke(main, [*command, "--help"]).exit_code == 0
        assert ("STOPSIGNAL", "SIGTERM") in last

    def test_the_image_gets_no_secret(self):
        for name, rest in instructions():
            assert name not in {"ARG", "ADD"}
            assert not re.search(r"SECRET|PASSWORD|TOKEN", rest), rest

    def test_every_installed_package_is_locked_by_its_hash(self):
        steps = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
        assert steps == ["pip install --require-hashes --requirement requirements.lock", "pip install --no-deps ."]
        locked = re.sub(r"\\\n\s*", " ", (ROOT / "requirements.lock").read_text()).splitlines()
        assert all("--hash=sha256:" in line for line in locked)

    def test_the_health_check_reports_whether_minichat_runs(self, tmp_path):
        rest = next(rest for name, rest in instructions() if name == "HEALTHCHECK")
        program = json.loads(rest[rest.index("[") :])
        with serving(tmp_path, allowed_hosts=".example.org,chat.example.com") as server:
            here = [part.replace(":8000", f":{server.port}") for part in program[1:]]
            asked = [sys.executable, *here]
            env = environment(allowed_hosts=".example.org,chat.example.com")
            assert subprocess.run(asked, env=env, check=False, capture_output=True).returncode == 0
            server.stop()
            assert subprocess.run(asked, env=env, check=False, capture_output=True).returncode == 1


def unit():
    parsed = configparser.RawConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(DEPLOY / "minichat.service")
    return parsed


class TestSystemd:
    def test_systemd_accepts_the_unit(self, tmp_path):
        text = (DEPLOY / "minichat.service").read_text()
        here = text.replace("/opt/minichat/bin/minichat", str(BIN / "minichat"))
        (tmp_path / "minichat.service").write_text(here)
        program = shutil.which("systemd-analyze")
        if program is not None:  # it exists only with systemd; the tests below run everywhere
            found = subprocess.run(
                [program, "verify", tmp_path / "minichat.service"], capture_output=True, text=True, check=False
            )
            assert "minichat.service" not in found.stderr, found.stderr

    def test_the_unit_starts_stops_and_reloads_minichat(self):
        service = unit()["Service"]
        program, *arguments = shlex.split(service["ExecStart"])
        assert program == "/opt/minichat/bin/minichat"
        assert CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0
        assert service["KillSignal"] == "SIGTERM"
        assert int(service["TimeoutStopSec"]) > 10  # the time in which minichat finishes its requests
        assert "-HUP" in service["ExecReload"]
        assert int(service["LimitNOFILE"]) >= 20_000

    def test_the_unit_restricts_what_minichat_may_do(self):
        service = unit()["Service"]
        assert service["DynamicUser"] == service["NoNewPrivileges"] == service["PrivateTmp"] == "yes"
        assert service["ProtectSystem"] == "strict"
        assert service["CapabilityBoundingSet"] == ""
        assert "minichat/media" in service["StateDirectory"].split()

    def test_minichat_notifies_systemd_when_it_is_ready(self, tmp_path):
        assert unit()["Service"]["Type"] == "notify"
        path = tmp_path / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(path))
            systemd.settimeout(20)
            os.environ["NOTIFY_SOCKET"] = str(path)
            try:
                with serving(tmp_path):
                    assert b"READY=1" in systemd.recv(4096)
            finally:
                del os.environ["NOTIFY_SOCKET"]


def test_the_compose_file_has_the_postgresql_version_of_the_tests():
    major = int(compose()["services"]["postgres"]["image"].removeprefix("postgres:"))
    found = postgres.shared().execute("SHOW server_version_num")
    assert int(str(found[0][0])) // 10_000 == major
