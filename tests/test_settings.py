"""Settings: what can be set, where it may come from, and how everything wrong is told at once."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from seestackd.monitors_file import MonitorTable
from seestackd.settings import BadSettings, Settings, load
from seestackd.settings.locate import positions
from seestackd.settings.model import split_address
from seestackd.settings.socket import socket_of
from tests.rows import rows
from tests.source import ROOT

EXAMPLE = ROOT / "config" / "seestackd.toml"
SECRET = "json://hook.example/VERY-SECRET-TOKEN"


def written(folder: Path, text: str) -> Path:
    file = folder / "seestackd.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What `load` complains about, with the folder taken off."""
    with pytest.raises(BadSettings) as caught:
        load(written(folder, text), environ=environ or {})
    return [line.replace(f"{folder}/", "") for line in caught.value.problems]


def keys_of(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Every key of the settings as "server.listen"; tables of names leave their names out."""
    found = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys_of(kind, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=[\w\[])(?=[^ ]+ = |\[)", "", text, flags=re.MULTILINE)


def test_without_a_file_the_defaults_hold() -> None:
    settings = load(environ={"STATE_DIRECTORY": "/var/lib/seestackd"})

    assert settings.server.listen == "127.0.0.1:8080"
    assert settings.server.public_url is None
    assert settings.storage.path == Path("/var/lib/seestackd/seestackd.db")
    assert settings.socket_path == Path("/var/lib/seestackd/seestackd.sock")
    assert settings.defaults.grace_ms == 300_000
    assert settings.channels == {}


def test_the_example_as_shipped_sets_nothing() -> None:
    assert tomllib.loads(EXAMPLE.read_text(encoding="utf-8")) == {}


def test_the_example_with_its_comments_removed_says_what_the_defaults_are(tmp_path: Path) -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/seestackd"}

    settings = load(written(tmp_path, uncommented(EXAMPLE.read_text(encoding="utf-8"))), environ=environ)

    assert settings.model_copy(update={"channels": {}, "monitors": {}, "escalation": {}}) == load(environ=environ)
    assert list(settings.channels) == ["ops"]
    assert settings.monitors["nightly-backup"].keys() == MonitorTable.model_fields.keys()


def test_the_example_shows_every_setting(tmp_path: Path) -> None:
    shown = tomllib.loads(uncommented(EXAMPLE.read_text(encoding="utf-8")))
    flat = {f"{table}.{key}" for table, values in shown.items() if isinstance(values, dict) for key in values}

    assert keys_of(Settings) <= flat | set(shown)
    for way in ("url", "url_file", "url_credential"):
        assert f'#   {way} = "' in EXAMPLE.read_text(encoding="utf-8")


def test_everything_wrong_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    text = """default_channels = ["opps"]
[server]
listn = "127.0.0.1:1"
listen = 8080
  max_body_bytes = 5
[storage]
path = 2026-01-01
[defaults]
timezone = "Europe/Berln"
grace = "15"
[channels.ops]
url = "nothing"
"""
    assert problems(tmp_path, text) == [
        'seestackd.toml:1:1: default_channels: no channel "opps" is defined; did you mean "ops"?',
        'seestackd.toml:3:1: server.listn: unknown key; did you mean "listen"?',
        "seestackd.toml:4:1: server.listen: must be a text; put it in quotes",
        "seestackd.toml:5:3: server.max_body_bytes: must be at least 1048576; raise it",
        "seestackd.toml:7:1: storage.path: must be a text; put it in quotes",
        "seestackd.toml:9:1: defaults.timezone: no such time zone; write UTC or a name such as Europe/Berlin",
        'seestackd.toml:10:1: defaults.grace: "15" has no unit; write 15s, 15m, 15h, 15d or 15w',
        "seestackd.toml:12:1: channels.ops.url: has no scheme; write an Apprise URL such as ntfys://ntfy.sh/topic",
    ]


@rows(
    ("text", "complaint"),
    [
        ("server = 1", "1:1: server: must be a table; write [server]"),
        ("[serverr]\nlisten = 'x'", '1:2: serverr: unknown key; did you mean "server"?'),
        ("[server]\nlisten = 'localhost'", "2:1: server.listen: must be HOST:PORT"),
        ("[server]\nlisten = '1:99999'", "2:1: server.listen: must be HOST:PORT"),
        ("[server]\npublic_url = 'mon.example'", "2:1: server.public_url: must be an http(s) address"),
        ("[server]\ncors_origins = 'https://a.example'", "2:1: server.cors_origins: must be a list; write ["),
        ("[server]\ncors_origins = ['https://a.example/']", "2:1: server.cors_origins: must be an origin"),
        ("[server]\ncors_origins = [1]", "2:1: server.cors_origins: must be a text"),
        ("[server]\ntrusted_proxies = ['10.0.0.300']", "2:1: server.trusted_proxies: must be an address or network"),
        ("[server]\nmax_body_bytes = '9'", "2:1: server.max_body_bytes: must be a whole number"),
        ("[server]\nmax_body_bytes = 99999999999", "2:1: server.max_body_bytes: must be at most 67108864"),
        (f"[server]\nsocket = '/{'x' * 120}'", "2:1: server.socket: /xxx"),
        ("[defaults]\ngrace = '31d'", "2:1: defaults.grace: must be 30 days at most"),
        ("[defaults]\ntimezone = '../etc/passwd'", "2:1: defaults.timezone: no such time zone"),
        ("[defaults]\ntimezone = 'localtime'", "2:1: defaults.timezone: no such time zone"),
        ('[server]\nlisten = "127.0.0.1\\n:80"', "2:1: server.listen: must be HOST:PORT"),
        ("[storage]\npath = ''", "2:1: storage.path: must be the path of a file"),
        ('[storage]\npath = "a\\u0000b"', "2:1: storage.path: must be the path of a file"),
        ("[channels]\nops = 'json://x'", "2:1: channels.ops: must be a table"),
        ("[channels.ops]", "1:2: channels.ops: needs exactly one of url, url_file and url_credential"),
        ("[channels.ops]\nurl='a://b'\nurl_file='x'", "1:2: channels.ops: needs exactly one of"),
        ("[channels.ops]\nurl='a://b'\nurll='x'", '3:1: channels.ops.urll: unknown key; did you mean "url"?'),
        ("[channels.ops]\nurl_credential='ops'", "1:2: channels.ops: url_credential needs systemd"),
        ("[channels.ops]\nurl_file='nowhere'", "nowhere: No such file or directory; create it"),
        ("[channels.'a b']\nurl='a://b'", '1:2: channels."a b": a channel\'s name has letters'),
        ("[monitors]\nx = 1", "2:1: monitors.x: must be a table; write [monitors.x]"),
        ("monitors = 1", "1:1: monitors: must be a table of tables"),
        ("[server]\nlisten = \"${NOWHERE}\"", "2:1: server.listen: ${NOWHERE} is not set"),
        ("[server]\nlisten = 127.0.0.1:8080", "2:15: Expected newline"),
        ("[server\n", "1:8: "),
        ("a = 1\na = 2", "2:6: Cannot overwrite a value"),
        ("a = \"", "1:6: "),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_with_line_and_column(tmp_path: Path, text: str, complaint: str) -> None:
    told = "\n".join(problems(tmp_path, text))

    assert complaint in told
    assert told.startswith("seestackd.toml:")


def test_a_file_that_is_missing_or_unreadable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"gone\.toml: no such file; create it"):
        load(tmp_path / "gone.toml", environ={})
    with pytest.raises(BadSettings, match="cannot be read: Is a directory"):
        load(tmp_path, environ={})
    (tmp_path / "latin.toml").write_bytes(b"a = 1\nb = '\xe4'\n")
    with pytest.raises(BadSettings, match=r"latin\.toml:2:6: not UTF-8"):
        load(tmp_path / "latin.toml", environ={})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "[server]\nlisten = '127.0.0.1:1'\n[channels.slack-ops]\nurl = 'json://old.example'\n")
    environ = {
        "SEESTACKD_SERVER__LISTEN": "[::1]:9",
        "SEESTACKD_SERVER__MAX_BODY_BYTES": "2000000",
        "SEESTACKD_SERVER__CORS_ORIGINS": "https://a.example, https://b.example",
        "SEESTACKD_DEFAULT_CHANNELS": '["slack-ops"]',
        "SEESTACKD_CHANNELS__SLACK_OPS__URL": SECRET,
        "OTHER": "ignored",
    }

    settings = load(file, environ=environ)

    assert settings.server.listen == "[::1]:9"
    assert settings.server.max_body_bytes == 2_000_000
    assert settings.server.cors_origins == ("https://a.example", "https://b.example")
    assert settings.default_channels == ("slack-ops",)
    assert settings.channels["slack-ops"].url == SECRET


def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path) -> None:
    environ = {
        "SEESTACKD_SERVER__LISTN": "x",
        "SEESTACKD_WHATEVER": "x",
        "SEESTACKD_SERVER__MAX_BODY_BYTES": "many",
        "SEESTACKD_SERVER__LISTEN": "nowhere",
    }

    assert problems(tmp_path, "", environ) == [
        "environment: SEESTACKD_SERVER__LISTEN: must be HOST:PORT; write for example 127.0.0.1:8080 or [::1]:8080",
        "environment: SEESTACKD_SERVER__LISTN: no such setting; did you mean SEESTACKD_SERVER__LISTEN?",
        "environment: SEESTACKD_SERVER__MAX_BODY_BYTES: must be a whole number; write it without quotes",
        "environment: SEESTACKD_WHATEVER: no such setting; unset it, or write one like SEESTACKD_SERVER__LISTEN",
    ]


def test_the_data_directory_of_the_command_line_wins(tmp_path: Path) -> None:
    file = written(tmp_path, "[storage]\npath = '/elsewhere/x.db'\n")

    settings = load(file, environ={"SEESTACKD_STORAGE__PATH": "/other/x.db"}, data=tmp_path / "data")

    assert settings.storage.path == tmp_path / "data" / "seestackd.db"
    assert settings.socket_path == tmp_path / "data" / "seestackd.sock"


def test_a_wrong_option_of_the_command_line_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"^--listen: must be HOST:PORT"):
        load(written(tmp_path, "[server]\nlisten = '127.0.0.1:1'\n"), environ={}, listen="nowhere")


def test_the_variables_of_jobs_are_no_settings_and_no_errors() -> None:
    names = ("SEESTACKD_PING_KEY", "SEESTACKD_URL", "SEESTACKD_SPOOL", "SEESTACKD_TRACE_ID")

    assert load(environ=dict.fromkeys(names, "x")) == load(environ={})


def test_variables_in_texts_are_replaced_and_two_dollars_are_one(tmp_path: Path) -> None:
    text = "[channels.ops]\nurl = 'json://${USER_NAME}@h/$$x/$y'\n[monitors.a]\ntags = ['${USER_NAME}']\n"

    settings = load(written(tmp_path, text), environ={"USER_NAME": "me"})

    assert settings.channels["ops"].url == "json://me@h/$x/$y"
    assert settings.monitors["a"]["tags"] == ["me"]


def test_a_secret_comes_from_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "ops.url").write_text(f"  {SECRET}\n", encoding="utf-8")

    settings = load(written(tmp_path, "[channels.ops]\nurl_file = 'ops.url'\n"), environ={})

    assert settings.channels["ops"].url == SECRET


def test_a_secret_comes_from_a_systemd_credential(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "slack").write_text(f"{SECRET}\n", encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}

    settings = load(written(tmp_path, "[channels.ops]\nurl_credential = 'slack'\n"), environ=environ)

    assert settings.channels["ops"].url == SECRET
    assert "without slashes" in problems(tmp_path, "[channels.ops]\nurl_credential = '../slack'\n", environ)[0]
    assert "No such file" in problems(tmp_path, "[channels.ops]\nurl_credential = 'gone'\n", environ)[0]


@pytest.mark.parametrize("content", [b"", b"json://a\njson://b\n", b"\xff\xfe", b"x" * 70_000])
def test_a_secret_file_holds_one_url(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ops.url").write_bytes(content)

    assert "must hold one URL" in problems(tmp_path, "[channels.ops]\nurl_file = 'ops.url'\n")[0]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    settings = load(written(tmp_path, f"[channels.ops]\nurl = '{SECRET}'\n"), environ={})
    told = problems(
        tmp_path, f"[channels.ops]\nurl = 'SECRET-TOKEN'\n[channels.b]\nurl = ['{SECRET}']\nurl_fil='SECRET'\n"
    )

    assert "SECRET" not in repr(settings) + str(settings)
    assert len(told) == 3
    assert "SECRET" not in "\n".join(told)


@rows(
    ("text", "parts"),
    [("127.0.0.1:8080", ("127.0.0.1", 8080)), ("[::1]:80", ("::1", 80)), ("localhost:0", ("localhost", 0))],
)
def test_an_address_is_split(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text) == parts


@rows("text", ["", ":", "8080", ":8080", "::1:8080", "[::1]", "h:", "h:-1", "h:65536", "h:١"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f'"{re.escape(text)}" is not HOST:PORT'):
        split_address(text)


def test_keys_are_located_past_strings_arrays_and_quoted_names() -> None:
    text = '''a = """
[fake]
b = 1 """
c = [ "]",  # ]
  "x = 1" ]
[t."x.y".z]  # comment
  'd e' . f = 'it is # no comment'
[[u]]
v = { w = 1 }
'''
    found: dict[Any, Any] = positions(text)

    assert found == {
        ("a",): (1, 1),
        ("c",): (4, 1),
        ("t", "x.y", "z"): (6, 2),
        ("t", "x.y", "z", "d e", "f"): (7, 3),
        ("u",): (8, 3),
        ("u", "v"): (9, 1),
    }


def test_the_outside_url_is_a_secret_that_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "outside.url").write_text("https://watch.example/VERY-SECRET-TOKEN\n")

    settings = load(written(tmp_path, "[deadman]\nurl_file = 'outside.url'\n"), environ={})

    assert settings.deadman.url == "https://watch.example/VERY-SECRET-TOKEN"
    assert "VERY-SECRET" not in repr(settings)
    assert load(environ={"SEESTACKD_DEADMAN__URL": "https://watch.example/x"}).deadman.url == "https://watch.example/x"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[deadman]\nurl = 'ops'", "2:1: deadman.url: must be an http(s) address"),
        (
            "[deadman]\nurl = 'http://a/b'\nurl_file = 'x'",
            "1:2: deadman: takes one of url, url_file and url_credential",
        ),
        ("[deadman]\nurl_file = 'nowhere'", "nowhere: No such file or directory; create it"),
        ("[judge]\nsettle = '20'", "2:1: judge.settle: "),
        ("[judge]\nsettle = '11m'", "2:1: judge.settle: must be 10 minutes at most"),
    ],
)
def test_a_wrong_outside_url_or_wait_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    (line,) = problems(tmp_path, text)

    assert complaint in line


def test_channels_say_what_they_want_to_hear(tmp_path: Path) -> None:
    text = """default_channels = ["ops"]
[defaults]
timezone = "Europe/Berlin"
[channels.ops]
url = "ntfys://ntfy.sh/one"
min_severity = "warning"
recoveries = false
quiet_hours = "22:00-07:00"
fallback = "dba"
[channels.dba]
url = "ntfys://ntfy.sh/two"
for_tags = ["db"]
[escalation]
2h = ["dba"]
30m = ["dba", "ops"]
"""
    routing = load(written(tmp_path, text), environ={}).routing

    assert routing.default_channels == ("ops",)
    assert routing.by_tag == {"db": ("dba",)}
    assert [(step.after_ms, step.channels) for step in routing.escalation] == [
        (1_800_000, ("dba", "ops")),
        (7_200_000, ("dba",)),
    ]
    rules = routing.rules["ops"]
    assert (rules.min_severity, rules.recoveries) == ("warning", False)
    assert rules.quiet is not None
    assert rules.quiet.timezone == "Europe/Berlin"


def test_what_is_wrong_with_routing_is_told_at_once(tmp_path: Path) -> None:
    text = """[channels.ops]
url = "ntfys://ntfy.sh/one"
min_severity = "loud"
quiet_hours = "22-25"
fallback = "nobody"
[escalation]
soon = ["ops"]
0s = []
30m = ["opps"]
"""
    found = "\n".join(problems(tmp_path, text))

    assert "channels.ops.min_severity: must be one of critical, warning, info" in found
    assert 'channels.ops.quiet_hours: must be two different times of day; write for example "22:00-07:00"' in found
    assert 'channels.ops.fallback: no channel "nobody" is defined' in found
    assert 'escalation.30m: no channel "opps" is defined; did you mean "ops"?' in found
    assert "escalation: " in found


def test_a_variable_can_say_what_a_channel_wants_to_hear(tmp_path: Path) -> None:
    text = "[channels.ops]\nurl = 'ntfys://ntfy.sh/one'\n"
    environ = {"SEESTACKD_CHANNELS__OPS__RECOVERIES": "false", "SEESTACKD_CHANNELS__OPS__FOR_TAGS": "db,web"}

    channel = load(written(tmp_path, text), environ=environ).channels["ops"]

    assert (channel.recoveries, channel.for_tags) == (False, ("db", "web"))


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ("", {}),
        ("", {"XDG_DATA_HOME": "/srv/home", "STATE_DIRECTORY": "/srv/state:/srv/more"}),
        ("[storage]\npath = '~/d/x.db'", {}),
        ("[storage]\npath = 'd/x.db'\n[server]\nsocket = '~/run/s.sock'", {}),
        ("[server]\nsocket = '/run/a.sock'", {"SEESTACKD_SERVER__SOCKET": "/run/b.sock"}),
        ("[storage]\npath = '/a/x.db'", {"SEESTACKD_STORAGE__PATH": "/b/x.db"}),
    ],
)
def test_the_socket_is_found_without_validating_everything(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    file = written(tmp_path, text)

    assert socket_of(file, None, environ) == load(file, environ=environ).socket_path
    assert socket_of(file, tmp_path, environ) == load(file, environ=environ, data=tmp_path).socket_path


@pytest.mark.parametrize(
    "text",
    ["[storage]\npath = '${DATA}/x.db'", "[server", "server = 1", "[server]\nsocket = 1", "[server]\nsocket = ''"],
)
def test_a_socket_that_takes_more_is_left_to_the_whole_settings(tmp_path: Path, text: str) -> None:
    assert socket_of(written(tmp_path, text), None, {}) is None
    assert socket_of(tmp_path / "gone.toml", None, {}) is None
