"""A planted key is in nothing the program writes: no file, no line of output, no log, whatever goes wrong.

Every command of a row runs in one home; then the streams of all of them and every file below that home are searched.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from claude_tui.fakeapi import Call, FakeApi, Fault, Phase, Say, Script, Strike, Think, ThreadApi, at
from tests.contract.command import Ended, run

pytestmark = pytest.mark.unmeasured

LONG = "sk-ant-api03-CANARY_0123456789-abcdefghijklmnopqrstuvwxyz-AA"
ODD = "CANARY'q\"m\\b`+/base64==%41{}$(id)"
NO_MORE = {"CLAUDE_TUI_RETRIES": "0"}
ONCE_MORE = {"CLAUDE_TUI_RETRIES": "1"}
LOGGED = {**ONCE_MORE, "ANTHROPIC_LOG": "debug"}
"""With all the SDK can say: a start in earnest, so not for every row of every run."""
DEBUG = LOGGED if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else ONCE_MORE

CRASHING = (sys.executable, "-m", "tests.faults.crashing")


def traces(key: str) -> set[bytes]:
    """The forms in which a key could be written without meaning to."""
    forms = {key, repr(key)[1:-1], json.dumps(key)[1:-1], quote(key, safe=""), quote(key), key[len(key) // 3 :]}
    encoded = base64.b64encode(key.encode()).decode()
    return {form.encode() for form in (*forms, encoded.rstrip("="))}


def check(key: str, home: Path, ended: list[Ended]) -> None:
    """0 hits."""
    told = {f"output of command {n}": one.out + one.err for n, one in enumerate(ended)}
    written = {str(path): path.read_bytes() for path in home.parent.rglob("*") if path.is_file()}
    names = {f"name of {path}": str(path).encode() for path in home.parent.rglob("*")}
    found = [place for place, data in (told | written | names).items() if any(trace in data for trace in traces(key))]
    assert not found
    assert str(home / "data" / "history.db") in written
    assert str(home / "logs" / "claude-tui.log") in written


def echoing(key: str) -> list[Script]:
    """Answers that say the key back: in an error's text, as a proxy's page does, and where a redirect leads."""
    return [
        Script((Strike(Fault.BAD_REQUEST, {"message": f"the key {key} is not welcome"}),)),
        Script((Strike(Fault.HTML_200, {"body": f"<html>Authorization: Bearer {key}</html>"}),)),
        Script((Strike(Fault.REDIRECT, {"location": f"https://u:{quote(key)}@example.invalid/?k={quote(key)}"}),)),
        Script((Say("It begins"), Strike(Fault.ERROR_API, {"message": f"x-api-key: {key}"}))),
    ]


FAULTY = [
    at(Fault.UNAUTHORIZED, Phase.BEFORE_HEADERS),
    at(Fault.MALFORMED_JSON, Phase.TEXT),
    at(Fault.INVALID_UTF8, Phase.TOOL_ARGUMENTS),
    at(Fault.RST, Phase.THINKING),
    at(Fault.ERROR_NOT_JSON, Phase.TEXT),
]


@pytest.mark.slow
def test_good_turns_bad_turns_and_every_command_that_shows_something(isolated_environment: Path, tmp_path: Path) -> None:
    key = LONG
    good = [Script((Think("Hm."), Call("calculator", {"expression": "1+1"}))), Script((Say("Two."),))]
    with FakeApi.in_thread([*good, *FAULTY], key=key) as api:
        ask = ("ask", "hi", "-c")
        ended = [run(*ask, "-o", "json", api=api, env=LOGGED).told(0)]
        ended += [run(*ask, "-o", "json", api=api, env=LOGGED).told(1)]
        ended += [run(*ask, "-o", form, api=api, env=DEBUG).told(1) for form in ("stream-json", "text", "json", "text")]
        ended += [
            run(*args, api=api)
            for args in (("config", "show"), ("config", "show", "-o", "json"), ("doctor", "-o", "json"), ("models",))
        ]
        shown = run("sessions", "show", ended[0].json["session_id"], "--all", "-o", "json").told(0)
        (tmp_path / "export.json").write_bytes(shown.out)
        ended += [shown, run("sessions", "import", str(tmp_path / "export.json"), api=api).told(0), run("doctor", api=api)]
    check(key, isolated_environment, ended)


@pytest.mark.slow
@pytest.mark.parametrize("key", [LONG, ODD, "CANARY"], ids=["usual", "odd", "short"])
def test_a_server_that_says_the_key_back(key: str, isolated_environment: Path) -> None:
    with FakeApi.in_thread(echoing(key), key=key) as api:
        forms = [("json", LOGGED), ("text", DEBUG), ("stream-json", DEBUG), ("json", DEBUG)]
        ended = [run("ask", "hi", "-o", form, api=api, env={**env, **NO_MORE}).told(1) for form, env in forms]
    check(key, isolated_environment, ended)


def _places(api: ThreadApi) -> dict[str, Callable[[], Ended]]:
    env = {**DEBUG, "ANTHROPIC_API_KEY": LONG}
    told = {**env, **LOGGED}
    return {
        "crash in the provider": lambda: run("ask", "hi", api=api, env={**told, "CRASH_IN": "provider"}, program=CRASHING).told(1),
        "crash in the engine": lambda: run("ask", "hi", api=api, env={**env, "CRASH_IN": "engine"}, program=CRASHING).told(1),
        "crash in the command line": lambda: run("ask", "hi", env={**env, "CRASH_IN": "command line"}, program=CRASHING).told(1),
        "in the address": lambda: run("ask", "hi", env={**env, "ANTHROPIC_BASE_URL": f"http://u:{LONG}@example.com"}).told(2),
        "in the setting": lambda: run("config", "show", env={**env, "CLAUDE_TUI_BASE_URL": f"https://u:{LONG}@example.com"}).told(
            0
        ),
        "in a proxy": lambda: run("doctor", env={**env, "HTTPS_PROXY": f"http://u:{LONG}@127.0.0.1:1"}),
        "a proxy that fails": lambda: run(
            "ask",
            "hi",
            env={**env, "HTTPS_PROXY": f"http://u:{LONG}@127.0.0.1:1", "ANTHROPIC_BASE_URL": "https://api.invalid"},
        ).told(1),
        "other headers": lambda: run("ask", "hi", api=api, env={**env, "ANTHROPIC_CUSTOM_HEADERS": f"X-Extra: {LONG}"}).told(1),
        "auth token": lambda: run("ask", "hi", api=api, env={**env, "ANTHROPIC_API_KEY": None, "ANTHROPIC_AUTH_TOKEN": LONG}).told(
            1
        ),
    }


@pytest.mark.slow
def test_a_crash_a_wrong_address_a_proxy_and_other_places_a_key_can_stand(isolated_environment: Path) -> None:
    with FakeApi.in_thread(Script((Say("Never said."),)), key="another") as api:
        ended = {name: go() for name, go in _places(api).items()}
    for name, words in {
        "provider": "could not be sent",
        "engine": "claude-tui itself",
        "command line": "claude-tui itself",
    }.items():
        assert words in ended[f"crash in the {name}"].stderr and "ZeroDivisionError" in ended[f"crash in the {name}"].stderr
    log = (isolated_environment / "logs" / "claude-tui.log").read_text()
    assert "Traceback" in log and "cannot divide" in log
    check(LONG, isolated_environment, list(ended.values()))
