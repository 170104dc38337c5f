"""Keys in force: spelling, the user's changes, clashes and what is said about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import BindingsMap
from textual.keys import Keys

from claude_tui.ui.commands import BY_ID, COMMANDS, Where
from claude_tui.ui.keymap import BadKey, Keymap, canonical, key_of_character, label


@pytest.mark.parametrize(
    ("text", "key", "shown"),
    [
        ("Ctrl+N", "ctrl+n", "Ctrl+N"),
        ("control+alt+Up", "alt+ctrl+up", "Ctrl+Alt+↑"),
        ("option+p", "alt+p", "Alt+P"),
        ("?", "question_mark", "?"),
        ("+", "plus", "+"),
        ("ctrl++", "ctrl+plus", "Ctrl++"),
        ("ctrl+_", "ctrl+underscore", "Ctrl+_"),
        ("[", "left_square_bracket", "["),
        ("{", "left_curly_bracket", "{"),
        (",", "comma", ","),
        ("G", "G", "G"),
        ("esc", "escape", "Esc"),
        ("PgUp", "pageup", "PgUp"),
        ("shift+tab", "shift+tab", "Shift+Tab"),
        ("F12", "f12", "F12"),
        ("space", "space", "Space"),
        ("ctrl+x   ctrl+e", "ctrl+x ctrl+e", "Ctrl+X Ctrl+E"),
        ("hyphen_minus", "minus", "-"),
        ("好", "好", "好"),
    ],
)
def test_one_spelling(text: str, key: str, shown: str) -> None:
    assert canonical(text) == key
    assert canonical(key) == key
    assert label(key) == shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ctrl+i", "Tab"),
        ("ctrl+m", "Enter"),
        ("ctrl+h", "Backspace"),
        ("ctrl+[", "Escape"),
        ("shift+a", "character that Shift gives"),
        ("ctl+n", "modifier"),
        ("f25", "no key"),
        ("enterr", "did you mean enter"),
        ("ctrl+", "no key"),
        ("++", "no key"),
    ],
)
def test_keys_that_cannot_be(text: str, why: str) -> None:
    with pytest.raises(BadKey, match=why):
        canonical(text)


@given(st.text(max_size=20))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = canonical(text)
    except BadKey:
        return
    assert canonical(key) == key
    assert label(key) or not key


@given(st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_categories=["Cc", "Zs", "Cf"]))
def test_every_character_has_its_key(character: str) -> None:
    assert canonical(key_of_character(character)) == canonical(character)


def test_names_are_those_of_textual() -> None:
    for key in Keys:
        if key.value.isalnum() and key is not Keys.Return:
            assert canonical(key.value) == key.value


def test_finding() -> None:
    keymap, _ = Keymap.build({})
    found = keymap.find(Where.SCREEN, "ctrl+n")
    assert found is BY_ID["session.new"]
    assert keymap.find(Where.COMPOSER, "ctrl+n") is None
    assert (
        keymap.find(Where.TRANSCRIPT, "[")
        is keymap.find(Where.TRANSCRIPT, "left_square_bracket")
        is BY_ID["cursor.previous_version"]
    )
    assert keymap.find(Where.EMPTY, "question_mark") is BY_ID["composer.help"]
    assert keymap.is_prefix(Where.COMPOSER, "ctrl+x")
    assert not keymap.is_prefix(Where.COMPOSER, "ctrl+g")
    assert keymap.find(Where.COMPOSER, "ctrl+x ctrl+e") is BY_ID["composer.editor"]
    assert keymap.labels_of("app.help") == ("F1", "?")


def test_a_change_replaces_the_default() -> None:
    keymap, problems = Keymap.build({"session.new": "f5, ctrl+k", "app.help": "", "view.tools": ["alt+o", "f7"]})
    assert problems == []
    assert keymap.keys_of("session.new") == ("f5", "ctrl+k")
    assert keymap.find(Where.SCREEN, "ctrl+n") is None
    assert keymap.find(Where.SCREEN, "f1") is None
    assert keymap.keys_of("app.help") == ()
    assert keymap.keys_of("view.tools") == ("alt+o", "f7")


def test_enter_and_new_line_can_be_exchanged() -> None:
    keymap, problems = Keymap.build({"composer.send": "ctrl+enter, alt+s", "composer.newline": "enter"})
    assert problems == []
    assert keymap.find(Where.COMPOSER, "enter") is BY_ID["composer.newline"]
    assert keymap.find(Where.COMPOSER, "ctrl+enter") is BY_ID["composer.send"]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"session.nwe": "f5"}, "keys: there is no command 'session.nwe'; it is ignored. Did you mean session.new?"),
        ({"\x1b[31m": "f5"}, "keys: there is no command '␛[31m'; it is ignored."),
        ({"session.new": "ctrl+i"}, "keys: session.new: 'ctrl+i' cannot be told from Tab in a terminal; it is left out."),
        ({"session.new": "hyperspace"}, "keys: session.new: there is no key 'hyperspace' (did you mean space?); it is left out."),
        ({"session.new": "n"}, "keys: session.new: n is needed for typing; it is left out."),
        ({"composer.send": "space"}, "keys: composer.send: Space is needed for typing; it is left out."),
        ({"session.new": "ctrl+o"}, "keys: session.new and view.tools both want Ctrl+O; session.new keeps it."),
        ({"cursor.copy": "ctrl+o"}, "keys: cursor.copy and view.tools both want Ctrl+O; cursor.copy keeps it."),
        ({"cursor.copy": "y"}, "keys: cursor.copy and cursor.copy_code both want y; cursor.copy keeps it."),
        ({"session.new": "ctrl+x"}, "keys: session.new has Ctrl+X, so composer.editor cannot have Ctrl+X Ctrl+E."),
        ({"session.new": "f5", "session.list": "f5"}, "keys: session.new and session.list both want F5; session.new keeps it."),
    ],
)
def test_what_cannot_be_is_said(overrides: dict[str, str], sentence: str) -> None:
    _, problems = Keymap.build(overrides)
    assert problems == [sentence]


def test_the_user_wins_and_the_loser_keeps_its_other_keys() -> None:
    keymap, problems = Keymap.build({"session.new": "f2"})
    assert keymap.find(Where.SCREEN, "f2") is BY_ID["session.new"]
    assert keymap.keys_of("model.pick") == ("alt+p",)
    assert len(problems) == 1


def test_places_that_never_meet_share_keys() -> None:
    keymap, problems = Keymap.build({"cursor.copy": "y", "cursor.copy_code": "c"})
    assert problems == [], "approval.allow has y as well, in its own place"
    assert keymap.find(Where.APPROVAL, "y") is BY_ID["approval.allow"]
    assert keymap.find(Where.EMPTY, "up") is BY_ID["queue.edit"]
    assert keymap.find(Where.COMPOSER, "up") is BY_ID["history.previous"]


def test_bindings_are_what_textual_takes() -> None:
    keymap, _ = Keymap.build({"cursor.quote": "<, >"})
    for where in Where:
        bindings = keymap.bindings(where)
        assert all(one.priority is (where is Where.SCREEN) and not one.show for one in bindings)
        found = BindingsMap(bindings).key_to_bindings
        assert all(len(ones) == 1 for ones in found.values())
        expected = {key: one.id for one in COMMANDS if one.where is where for key in keymap.keys_of(one.id) if " " not in key}
        assert {key: ones[0].id for key, ones in found.items()} == expected
        assert all(ones[0].action == f"command('{ones[0].id}')" for ones in found.values())


KEY_TEXTS = st.sampled_from(["f5", "ctrl+n", "ctrl+x", "ctrl+x ctrl+e", "x", "up", "nonsense", "ctrl+i", "", "a,b", ",", "ctrl+,"])


@given(st.dictionaries(st.sampled_from([*BY_ID, "no.such"]), KEY_TEXTS | st.lists(KEY_TEXTS, max_size=3), max_size=8))
def test_any_changes_leave_a_keymap_without_clashes(overrides: dict[str, str | list[str]]) -> None:
    keymap, problems = Keymap.build(overrides)
    assert all(one.startswith("keys: ") and one.endswith((".", "?")) for one in problems)
    for one in COMMANDS:
        for key in keymap.keys_of(one.id):
            assert keymap.find(one.where, key) is one
            if one.where is not Where.SCREEN:
                assert keymap.find(Where.SCREEN, key) is None


def test_a_fruit_is_no_key() -> None:
    """Unicode has a character of this name, and no terminal sends it with Ctrl."""
    keymap, problems = Keymap.build({"view.thinking": "ctrl+banana"})
    assert len(problems) == 1 and "ctrl+banana" in problems[0]
    assert keymap.keys_of("view.thinking") == ()
