"""The registry of actions, slash commands, and the matching behind every filter."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.ui.commands import BY_ID, COMMANDS, EXIT_WORDS, Command, Where
from claude_tui.ui.fuzzy import fold, match
from claude_tui.ui.keymap import Keymap, canonical
from claude_tui.ui.slash import SLASH, as_prompt, complete_slash, parse_slash, slash_problem

# Sequences of multiplexers; keys that are other keys' bytes; Textual's own quit.
FORBIDDEN = {"ctrl+a", "ctrl+b", "ctrl+i", "ctrl+m", "ctrl+h", "ctrl+left_square_bracket", "ctrl+q"}


def twins(command: Command) -> list[Command]:
    """The rows that do the same."""
    name = command.does or command.id
    return [one for one in COMMANDS if (one.does or one.id) == name]


def test_every_row_can_be_shown_and_run() -> None:
    assert len(BY_ID) == len(COMMANDS), "an id is there twice"
    for one in COMMANDS:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", one.id)
        assert one.title and one.group
        assert one.about.endswith(".") and one.about[0].isupper(), one.id
        assert one.method == "run_" + (one.does or one.id).replace(".", "_")
        assert not one.does or BY_ID[one.does].does == ""
        assert one.keys or one.slash, f"{one.id} can be reached by the palette alone"
        assert one.slash or not one.argument


def test_keys_are_spelled_as_events_spell_them_and_none_is_forbidden() -> None:
    for one in COMMANDS:
        for key in one.keys:
            assert canonical(key) == key
            assert not FORBIDDEN & set(key.split(" ")), f"{one.id}: {key}"


def test_nothing_is_reached_by_alt_alone() -> None:
    for one in COMMANDS:
        keys = [key for twin in twins(one) for key in twin.keys]
        assert not keys or one.slash or any("alt+" not in key for key in keys), one.id


def test_a_key_means_one_thing_in_a_place() -> None:
    for one, other in combinations(COMMANDS, 2):
        if one.where is other.where or Where.SCREEN in (one.where, other.where):
            assert not set(one.keys) & set(other.keys), f"{one.id} and {other.id}"


def test_no_key_of_the_screen_or_the_composer_types_something() -> None:
    for one in COMMANDS:
        if one.where in (Where.SCREEN, Where.COMPOSER):
            assert all("+" in key or re.fullmatch(r"f\d+|[a-z]{2,}", key) for key in one.keys), one.id
            assert "space" not in one.keys


def test_slash_words_are_unique_and_can_be_typed() -> None:
    words = [one.slash for one in COMMANDS if one.slash]
    assert len(set(words)) == len(words) == len(SLASH)
    assert all(re.fullmatch(r"/[a-z-]+", word) for word in words)
    promised = "/help /new /sessions /resume /model /effort /thinking /system /rename /edit /branch /copy /theme /keys /demo"
    others = "/provider /doctor /quit /find /outline /reading /continue /retry /compact /cost /context /save"
    assert {*promised.split(), *others.split()} == set(words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/new", ("session.new", "")),
        ("  /NEW  ", ("session.new", "")),
        ("/model   claude-haiku-4-5 ", ("model.pick", "claude-haiku-4-5")),
        ("/rename 天气 und mehr", ("session.rename", "天气 und mehr")),
        ("/system Be brief.\nAlways.", ("session.system", "Be brief.\nAlways.")),
        ("exit", ("app.quit", "")),
        (" Quit\n", ("app.quit", "")),
        ("退出", ("app.quit", "")),
        ("exit now", None),
        ("/new and more", None),
        ("/nothing", None),
        ("//new", None),
        ("/usr/bin/new", None),
        ("/", None),
        ("", None),
        ("new", None),
    ],
)
def test_what_a_draft_stands_for(text: str, expected: tuple[str, str] | None) -> None:
    found = parse_slash(text)
    assert (found and (found[0].id, found[1])) == expected


def test_every_command_word_is_understood() -> None:
    for word, command in SLASH.items():
        assert parse_slash(word) == (command, "")
        assert slash_problem(word) is None
    for word in EXIT_WORDS:
        assert parse_slash(word) == (BY_ID["app.quit"], "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/hlep", ("no command /hlep", "Did you mean /help?", "//hlep")),
        ("/modle claude", ("Did you mean /model?",)),
        ("/xyzzy", ("F1", "//xyzzy")),
        ("/new please", ("takes nothing", "//new")),
    ],
)
def test_an_attempt_that_is_no_command_is_explained(text: str, words: tuple[str, ...]) -> None:
    problem = slash_problem(text)
    assert problem is not None
    assert all(word in problem for word in words), problem


@pytest.mark.parametrize(
    "text", ["/usr/bin/python fails", "/etc", "/etc/hosts", "//etc", "a /new", "/2 of it", "/", "", "/天气", "/new\n"]
)
def test_what_is_no_attempt_is_a_prompt(text: str) -> None:
    assert (slash_problem(text) is None) == (text != "/etc"), "one bare word is taken for an attempt, a path never"


def test_two_slashes_send_one() -> None:
    assert as_prompt("//new x") == "/new x"
    assert as_prompt("/usr/bin") == "/usr/bin"
    assert as_prompt("a//b") == "a//b"


def test_completion_puts_the_beginning_first() -> None:
    assert [one.slash for one in complete_slash("/")] == list(SLASH)
    assert next(iter(complete_slash("/se"))).slash == "/sessions"
    assert [one.slash for one in complete_slash("/re")][:2] == ["/resume", "/rename"]
    assert "/branch" in [one.slash for one in complete_slash("/brch")]
    assert "/effort" in [one.slash for one in complete_slash("/choose")], "a word of the title"
    assert complete_slash("/zzz") == []


@given(st.text(max_size=12))
def test_completion_and_parsing_take_anything(text: str) -> None:
    assert all(one.slash for one in complete_slash("/" + text))
    found = parse_slash("/" + text)
    assert found is None or slash_problem("/" + text) is None


# Matching


@pytest.mark.parametrize(
    ("query", "text", "at"),
    [
        ("new", "New session", (0, 1, 2)),
        ("sn", "Session new", (0, 8)),
        ("天气", "今天天气很好", (2, 3)),
        ("天好", "今天天气很好", (1, 5)),
        ("MODEL", "choose the model", (11, 12, 13, 14, 15)),
        ("ｎｅｗ", "new", (0, 1, 2)),
        ("new", "ｎｅｗ　session", (0, 1, 2)),
        ("straße", "STRASSE", None),
        ("ses new", "new session", (0, 1, 2, 4, 5, 6)),
        ("x", "abc", None),
        ("", "abc", ()),
        ("ab", "a" + "." * 50 + "b", (0, 51)),
        ("cd", "xc" + "x" * 50 + "dx", None),
    ],
)
def test_matching(query: str, text: str, at: tuple[int, ...] | None) -> None:
    found = match(query, text)
    assert (found and found.at) == at if at is not None else found is None


def test_better_matches_score_higher() -> None:
    def order(query: str, *texts: str) -> None:
        scores = [found.score for text in texts if (found := match(query, text))]
        assert len(scores) == len(texts)
        assert scores == sorted(scores, reverse=True) and len(set(scores)) == len(scores), dict(zip(texts, scores, strict=True))

    order("the", "theme", "the theme of it all, at some length", "other")
    order("model", "Model", "Choose the model", "remodelling")
    order("ns", "New session", "answers")


@given(st.text(max_size=30), st.text(max_size=60))
def test_what_matches_is_there(query: str, text: str) -> None:
    found = match(query, text)
    if found:
        assert list(found.at) == sorted(set(found.at)) and all(0 <= index < len(text) for index in found.at)
        assert {fold(text)[index] for index in found.at} == set("".join(fold(query).split()))
        assert match(query, text) == found
    assert len(fold(text)) == len(text)


@given(st.text(min_size=1, max_size=20), st.text(max_size=10), st.text(max_size=10))
def test_a_part_always_matches(part: str, before: str, after: str) -> None:
    assert match(part, before + part + after) is not None


def test_the_palette_and_hints_find_every_id() -> None:
    keymap, problems = Keymap.build({})
    assert problems == []
    for one in COMMANDS:
        assert keymap.keys_of(one.id) == one.keys
    assert keymap.hint("composer.newline") == "Ctrl+J"
    assert keymap.hint("session.fork") == "/branch"
    assert keymap.hint("app.help") == "F1"
