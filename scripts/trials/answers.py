"""Answers, prompts and foreign histories as dice make them: every kind of block, in every order, whole and broken."""

from __future__ import annotations

import copy
import random
from typing import Any

from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.fakeapi import Block, Call, Redacted, Say, Script, Think

Json = dict[str, Any]
TEXTS = ("Hi", "so \n", " ", "", "汉字", "\n\nx", "\ud83d", "end.", "a\x00b", "x" * 300, "<think>hm</think>", "\u2028")
SAID = tuple(words for words in TEXTS if words != "\ud83d" and "<think>" not in words)
"""What a model says can always be encoded; tags of thinking in it are read as thinking, on purpose, which a server that also has a
field for it would not take back."""
_ANSWERED = (
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "image",
    "document",
    "search_result",
    "tool_reference",
)
"""What may stand in an answer of somebody else: a block nobody knows is sent back, for the API takes what it said itself."""
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
MEDIA: tuple[Json, ...] = (
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    {"type": "image", "source": {"type": "url", "url": "https://x.example/i.png"}, "cache_control": {"type": "ephemeral"}},
    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}, "title": "t"},
    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}},
    {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
)
CITATION = {
    "type": "char_location",
    "cited_text": "x",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}
REASONS = (
    "auto",
    "auto",
    "auto",
    "auto",
    "end_turn",
    "max_tokens",
    "refusal",
    "pause_turn",
    "stop_sequence",
    "model_context_window_exceeded",
    "odd",
)


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def found(call: str) -> Json:
    return {"type": "web_search_tool_result", "tool_use_id": call, "content": []}


def left_open(body: Json) -> list[str]:
    """The calls of the API's own tools that it has still to answer in reply to this request."""
    messages: list[Json] = [one for one in body["messages"] if isinstance(one.get("content"), list)]
    while messages and messages[-1]["role"] == "user" and all(block["type"] == "tool_result" for block in messages[-1]["content"]):
        messages.pop()
    blocks: list[Json] = messages[-1]["content"] if messages and messages[-1]["role"] == "assistant" else []
    answered = {block.get("tool_use_id") for block in blocks}
    return [block["id"] for block in blocks if block["type"] == "server_tool_use" and block["id"] not in answered]


class Author:
    """Writes what models and users say. Ids of calls to the API's own tools are unique."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._count = 0

    def prompt(self) -> list[Json]:
        blocks = [text(self.dice.choice(TEXTS)) for _ in range(self.dice.choice((1, 1, 1, 2)))]
        if self.dice.random() < 0.2:
            blocks.insert(self.dice.randrange(2), dict(self.dice.choice(MEDIA)))
        return [*blocks, text("so?")] if self.dice.random() < 0.8 else blocks

    def script(self, body: Json) -> Script:
        """An answer to this request. Calls that the API left open in it are answered first, as the API does."""
        dice = self.dice
        steps: list[Any] = [Block(found(call)) for call in left_open(body)]
        for _ in range(dice.choice((0, 1, 1, 2, 3, 5))):
            steps += self._step()
        reason = dice.choice(REASONS)
        if reason == "pause_turn":  # the API pauses in a loop of its own tools, not where it waits for ours
            steps = [step for step in steps if not isinstance(step, Call)]
        waits = reason == "auto" and any(isinstance(step, Call) for step in steps) and dice.random() < 0.3
        if reason == "pause_turn" or waits:
            used = {"type": "server_tool_use", "id": self._id("srv"), "name": "web_search", "input": {"query": "q"}}
            steps.insert(len(steps) if reason == "pause_turn" else dice.randrange(len(steps) + 1), Block(used))
        details = {"type": "refusal", "explanation": None, "category": "odd"} if reason == "refusal" else None
        return Script(tuple(steps), stop_reason=reason, stop_details=details)

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"

    def _step(self) -> list[Any]:
        dice = self.dice
        match dice.randrange(12):
            case 0 | 1:
                return [Say(dice.choice(SAID), chars=dice.choice((1, 3, 12)))]
            case 2:
                return [Say("Cited.", citations=(CITATION,))]
            case 3 | 4:
                return [Think(dice.choice(SAID), display=dice.choice(("summarized", "omitted")))]
            case 5:
                return [Redacted(self._id("r"))]
            case 6 | 7:
                return [Call(dice.choice(("calculator", "calculator", "unknown")), {"expression": dice.choice(SAID)})]
            case 8:
                return [Call("calculator", {"expression": "1"}), Call("calculator", {"expression": "2"})]
            case 9:
                return [Call("calculator", raw=dice.choice(('{"ex', "", "[]", "nul", '{"a": 1} x')))]
            case 10:
                call = self._id("srv")
                used = {"type": "server_tool_use", "id": call, "name": "web_search", "input": {}}
                return [Block(used), Block(found(call))]
            case _:
                return [Block({"type": "hologram", "beam": [1, None], "id": self._id("h")})]

    # Histories of others.

    def session(self) -> tuple[SessionInfo, list[Message]]:
        """A history that nobody in their right mind stored. What is signed in it was signed by nobody."""
        now, session_id = timestamp(), new_id()
        messages: list[Message] = []
        for _ in range(self.dice.randrange(1, 7)):
            messages.append(self._message(session_id, messages[-1].id if messages else None))
        return SessionInfo(session_id, "odd", "claude-opus-5-5", created_at=now, updated_at=now, leaf_id=messages[-1].id), messages

    def _message(self, session_id: str, parent: str | None) -> Message:
        dice = self.dice
        role = dice.choice((Role.USER, Role.ASSISTANT))
        answer = role is Role.ASSISTANT
        blocks = tuple(one for _ in range(dice.randrange(5)) if (one := self._odd())["type"] in _ANSWERED or not answer)
        some = tuple(sorted({dice.randrange(len(blocks)) for _ in range(2)})) if blocks and answer and dice.random() < 0.4 else ()
        return Message(
            new_id(),
            session_id,
            parent,
            role,
            blocks,
            status=dice.choice((Status.COMPLETE, Status.INTERRUPTED, Status.FAILED)) if answer else Status.COMPLETE,
            stop_reason=dice.choice(("end_turn", "tool_use", "refusal", "max_tokens", "compaction", None)) if answer else None,
            open_blocks=some,
            raw_inputs={str(number): "{]" for number in some} if dice.random() < 0.5 else {},
            extra={}
            if answer
            else dice.choice(({}, {}, {"continues": "m"}, {"compacts": {"until": "nobody"}}, {"compacts": True})),
            created_at=timestamp(),
        )

    def _odd(self) -> Json:
        dice = self.dice
        call = dice.choice(("toolu_a", "toolu_a", "toolu_b", "toolu_a_2", "a.b", "", "\ud83d", None))
        name = dice.choice(("calculator", "odd.name", "", "n" * 200))
        given = dice.choice(({}, {"a": "\ud83d"}, [], None))
        content = dice.choice(("1", "", None, [text("x")], [text(" ")], [{"type": "video"}], [dict(MEDIA[0])]))
        odd: tuple[Json, ...] = (
            self._broken_media(),
            text(dice.choice(TEXTS)),
            {"type": "tool_use", "id": call, "name": name, "input": given},
            {"type": "tool_result", "tool_use_id": call, "content": content},
            {"type": "tool_result", "tool_use_id": call, "content": [self._broken_media(), text("x")], "zz": 1},
            {"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "redacted_thinking", "data": ""},
            {"type": "image", "source": {"type": "url", "url": "https://x.example"}, "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "marked", "cache_control": {"type": "ephemeral"}, "citations": None},
        )
        return dice.choice(odd)

    def _broken_media(self) -> Json:
        """Something that shows, with a field of it missing, of a wrong type, unknown, or with another's value."""
        dice = self.dice
        block: Json = copy.deepcopy(
            dict(dice.choice((*MEDIA, {"type": "container_upload", "file_id": "f"}, {"type": "tool_reference", "tool_name": "t"})))
        )
        place = block["source"] if isinstance(block.get("source"), dict) and dice.random() < 0.7 else block
        key = dice.choice([one for one in place if one != "type"] or ["x"])
        match dice.randrange(5):
            case 0:
                place.pop(key, None)
            case 1:
                place[dice.choice(("zz", key))] = dice.choice(
                    (5, None, "", [], {}, "\ud83d", "file:///etc/passwd", {"enabled": "x"})
                )
            case 2:
                place[key] = dice.choice(("image/webp", "text/html", "iVBO", "!!!!", "data", "https://x.example/a"))
            case 3:
                place["type"] = dice.choice(("base64", "url", "text", "file", "content", "odd"))
            case _:
                pass
        return block
