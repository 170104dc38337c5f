"""A conversation that grows: each request begins with what the one before it sent, so signatures of thinking hold for ever.

Proved twice: by comparing requests, and by the fake API, whose signatures are bound to everything before them.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.continuing import going_on
from claude_tui.domain.history import build
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.domain.turns import is_prompt
from claude_tui.fakeapi.memory import Memory
from claude_tui.fakeapi.signing import Prefix, Signer
from claude_tui.fakeapi.validate import validate
from tests.unit.domain.validity import problems

Block = dict[str, Any]
HEADERS = {"anthropic-version": "2023-06-01"}
THINKING = ("thinking", "redacted_thinking")
texts = st.sampled_from(["Hi", "so \n", " ", "", "汉字"])


@dataclass
class Conversation:
    """A client's stored path and a server that answers it, each request checked on its way."""

    path: list[Message] = field(default_factory=list[Message])
    memory: Memory = field(default_factory=Memory)
    signer: Signer = field(default_factory=Signer)
    count: int = 0
    waiting: tuple[str, ...] = ()
    compacted: bool = False
    bound: dict[str, list[tuple[str, Block]]] = field(default_factory=dict[str, list[tuple[str, Block]]])

    def fresh(self, kind: str) -> str:
        self.count += 1
        return f"{kind}_{self.count}"

    def add(self, role: Role, blocks: list[Block], **fields: Any) -> None:
        self.path.append(Message(self.fresh("m"), "session", None, role, tuple(blocks), **fields))

    def body(self) -> dict[str, Any]:
        """The next request, checked."""
        messages = build(self.path)
        paused = any(one.stop_reason == "pause_turn" for one in self.path)
        continuing = paused and messages[-1]["role"] == "assistant"
        assert problems(messages, continuing=continuing) == []
        body = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": messages}
        if not self.compacted:
            refusal = validate(body, HEADERS, self.signer, self.memory)
            assert refusal is None, refusal.message
        flat = flattened(messages)
        for at, (_, block) in enumerate(flat):
            known = self.bound.get(str(block.get("signature") or block.get("data")))
            if block["type"] in THINKING and known is not None:
                assert flat[: len(known)] == known and len(known) <= at
        return body


def flattened(messages: list[dict[str, Any]]) -> list[tuple[str, Block]]:
    return [(message["role"], block) for message in messages for block in message["content"]]


class Answer:
    """An answer being made: every thinking block signed where it stands."""

    def __init__(self, talk: Conversation, body: dict[str, Any]) -> None:
        self.talk = talk
        self.prefix = Prefix.of(body)
        self.before = flattened(body["messages"])
        self.blocks: list[Block] = []
        self.usable: list[Block] = []

    def say(self, block: Block) -> None:
        self.blocks.append(block)
        self.usable.append(block)
        self.prefix.add("assistant", block)
        self.talk.memory.sent(block)

    def think(self, draw: st.DrawFn) -> None:
        thought = draw(st.sampled_from(["hm", "", "\ud83d"])) if draw(st.integers(0, 5)) == 0 else "hm"
        key = "signature"
        if draw(st.booleans()):
            block: Block = {"type": "thinking", "thinking": thought, "signature": self.talk.signer.sign(thought, self.prefix)}
        else:
            key, block = "data", {"type": "redacted_thinking", "data": self.talk.signer.redact(self.talk.fresh("t"), self.prefix)}
        if thought != "\ud83d" or key == "data":  # thinking that cannot be encoded is never sent back
            self.talk.bound[block[key]] = self.before
            self.say(block)
        else:
            self.blocks.append(block)

    def search(self, draw: st.DrawFn, *, answered: bool) -> None:
        call = self.talk.fresh("srv")
        self.say({"type": "server_tool_use", "id": call, "name": "web_search", "input": {}})
        if answered:
            self.result(call)
        else:
            self.talk.waiting = (*self.talk.waiting, call)

    def result(self, call: str) -> None:
        self.say({"type": "web_search_tool_result", "tool_use_id": call, "content": []})

    def call(self) -> None:
        self.say({"type": "tool_use", "id": self.talk.fresh("toolu"), "name": "calculator", "input": {"expression": "1"}})

    def parts(self, draw: st.DrawFn) -> None:
        for call in self.talk.waiting:
            self.result(call)
        self.talk.waiting = ()
        for kind in draw(st.lists(st.sampled_from(["think", "think", "text", "search", "unsigned", "hologram"]), max_size=4)):
            if kind == "think":
                self.think(draw)
            elif kind == "text":
                self.say({"type": "text", "text": draw(texts)})
            elif kind == "search":
                self.search(draw, answered=True)
            elif kind == "unsigned":
                self.blocks.append({"type": "thinking", "thinking": "hm", "signature": ""})
            else:
                self.say({"type": "hologram", "beam": [1, None]})


def step(draw: st.DrawFn, talk: Conversation) -> None:
    """One request and its answer, and what the client stores of both."""
    answer = Answer(talk, talk.body())
    ended = draw(st.sampled_from(["end_turn", "end_turn", "tool_use", "tool_use", "pause_turn", "cut", "cut", "refusal", "limit"]))
    answer.parts(draw)
    if ended in ("tool_use", "limit") or (ended == "cut" and draw(st.booleans())):
        for _ in range(draw(st.integers(1, 2))):
            answer.call()
    if ended == "pause_turn" or (ended == "tool_use" and draw(st.booleans())):
        answer.search(draw, answered=False)
    stored = answer.blocks
    if ended == "cut":
        stored = stored[: draw(st.integers(0, len(stored)))]
        is_open = (len(stored) - 1,) if stored and draw(st.booleans()) else ()
        status = draw(st.sampled_from([Status.INTERRUPTED, Status.FAILED]))
        talk.add(Role.ASSISTANT, stored, status=status, open_blocks=is_open)
    else:
        reason = "max_tokens" if ended == "limit" else ended
        raw = {str(len(stored) - 1): '{"ex'} if ended == "limit" else {}
        talk.add(Role.ASSISTANT, stored, stop_reason=reason, raw_inputs=raw)
        talk.memory.answered(_last_answer(talk) if ended == "pause_turn" else answer.usable, reason)
    _go_on(draw, talk, ended)


def _last_answer(talk: Conversation) -> list[Block]:
    """What the client will send back of a paused answer and of the pauses right before it."""
    return list(build(talk.path)[-1]["content"])


def _go_on(draw: st.DrawFn, talk: Conversation, ended: str) -> None:
    if ended == "tool_use":
        calls = [block["id"] for block in talk.path[-1].blocks if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call, "content": "1"} for call in calls]
        if draw(st.integers(0, 5)):
            talk.add(Role.USER, results)
            return
    if ended != "pause_turn" or draw(st.integers(0, 3)) == 0:
        if draw(st.booleans()) and _continued(talk):
            return
        talk.waiting = ()
        talk.add(Role.USER, [{"type": "text", "text": draw(st.sampled_from(["next", "and?"]))}])


def _continued(talk: Conversation) -> bool:
    """Go on as the program does; whether there was a way."""
    try:
        plan = going_on(talk.path)
    except ValueError:
        return False
    talk.add(Role.USER, list(plan.blocks), extra={"continues": plan.after})
    sent = [block for message in build(talk.path) for block in message["content"]]
    answered = {block.get("tool_use_id") for block in sent}
    talk.waiting = tuple(block["id"] for block in sent if block["type"] == "server_tool_use" and block["id"] not in answered)
    return True


def _compacted(draw: st.DrawFn, talk: Conversation) -> None:
    """A summary of all or of a beginning, that came or did not; behind it one goes on, or says something else."""
    turns = [at for at, one in enumerate(talk.path) if is_prompt(one)]
    covered = draw(st.sampled_from([None, *(talk.path[at - 1].id for at in turns if at)]))
    came = draw(st.integers(0, 3)) > 0
    talk.waiting = ()
    talk.add(Role.USER, [{"type": "text", "text": "now"}], extra={"compacts": {"until": covered, "by_api": True}})
    status = Status.COMPLETE if came else Status.INTERRUPTED
    talk.add(Role.ASSISTANT, [{"type": "compaction", "content": "Sum."}], stop_reason="compaction" if came else None, status=status)
    talk.compacted = talk.compacted or came
    talk.add(Role.USER, [{"type": "text", "text": "go on"}], extra={"continues": "x"} if draw(st.booleans()) else {})


@st.composite
def conversations(draw: st.DrawFn, *, summaries: bool = False) -> Conversation:
    talk = Conversation()
    talk.add(Role.USER, [{"type": "text", "text": "q"}])
    for _ in range(draw(st.integers(1, 7))):
        step(draw, talk)
        if summaries and draw(st.integers(0, 2)) == 0 and is_prompt(talk.path[-1]):
            _compacted(draw, talk)
    return talk


@given(conversations())
def test_property_a_growing_conversation_is_always_accepted(talk: Conversation) -> None:
    talk.body()


@given(conversations(summaries=True))
def test_property_a_conversation_with_summaries_keeps_its_thinking_where_it_was(talk: Conversation) -> None:
    talk.body()


def test_thinking_bound_to_another_place_is_found() -> None:
    """The proof would notice: a change of the past is refused."""
    talk = Conversation()
    talk.add(Role.USER, [{"type": "text", "text": "q"}])
    answer = Answer(talk, talk.body())
    answer.say({"type": "thinking", "thinking": "hm", "signature": talk.signer.sign("hm", answer.prefix)})
    answer.say({"type": "text", "text": "a"})
    talk.add(Role.ASSISTANT, answer.blocks, stop_reason="end_turn")
    talk.add(Role.USER, [{"type": "text", "text": "next"}])
    body = talk.body()
    body["messages"][0]["content"][0]["text"] = "another"
    refusal = validate(body, HEADERS, talk.signer, talk.memory)
    assert refusal is not None and "different conversation" in refusal.message
