"""The demo: a plan that reads the last prompt and answers with canned texts, tools included if the request offers them.

It must have an answer for any history: interrupted, continued, with results of tools nobody here knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .demo_texts import LONG_THOUGHT, NOTE, TEXTS, THOUGHT, Language, Topic
from .faults import Fault
from .script import Call, Pause, Say, Script, Step, Think
from .shapes import as_dict, blocks_of

RATE = 60.0
_CHARS: dict[Language, int] = {"en": 4, "zh": 2}
_LONG_RATE: dict[Language, float] = {"en": RATE, "zh": RATE * 2 / 3}
_LONG_CHARS: dict[Language, int] = {"en": 2, "zh": 1}
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ARITHMETIC = re.compile(r"[(\d][\d\s.()]*(?:[-+*/×÷%^]+[\d\s.()]+)+")
_OPERATION = re.compile(r"[\d)]\s*[-+*/×÷%^]+\s*[(\d]")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?")
_READ = 2000
_WORDS: tuple[tuple[str, str], ...] = (
    ("error", r"\berror\b|错误"),
    ("continue", r"\b(?:continue|go on|interrupted)\b|继续|中断"),
    ("time", r"\b(?:time|clock|date)\b|时间|几点|日期"),
    ("tool", r"\b(?:tools?|calculat\w*)\b|工具|计算"),
    ("code", r"\b(?:code|python|function|program)\b|代码|程序"),
    ("table", r"\btables?\b|表格"),
    ("think", r"\b(?:think|thinking|reason|puzzle)\b|思考|推理|想一想"),
    ("long", r"\b(?:long|story|essay)\b|长|故事"),
)


def prompt_of(body: Mapping[str, Any]) -> str:
    """The text the user wrote last; empty when the last message carries none. Prompts before it that got no answer do not count."""
    for message in reversed(body.get("messages", [])):
        if message.get("role") == "user":
            return next((str(b["text"]) for b in reversed(blocks_of(message.get("content"))) if b.get("type") == "text"), "")
    return ""


def offered(body: Mapping[str, Any]) -> list[str]:
    """The names of the tools the request offers."""
    return [str(tool["name"]) for tool in blocks_of(body.get("tools")) if "name" in tool]


def _results(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [block for block in blocks_of(message.get("content")) if block.get("type") == "tool_result"]


def rounds(body: Mapping[str, Any]) -> int:
    """How many messages with tool results stand at the end, assistant messages between them aside."""
    count = 0
    for message in reversed(body.get("messages", [])):
        if message.get("role") == "user":
            if not _results(message):
                break
            count += 1
    return count


def _text_of(result: Mapping[str, Any]) -> str:
    return "\n".join(str(b.get("text", "")) for b in blocks_of(result.get("content")) if b.get("type") == "text").strip()


def result_of(body: Mapping[str, Any]) -> str:
    """The text of the last tool result."""
    messages = body.get("messages", [])
    results = _results(messages[-1]) if messages else []
    return _text_of(results[-1]) if results else ""


def demo(body: dict[str, Any], n: int) -> Script:
    """The answer to any request."""
    messages = body.get("messages", [])
    prompt = prompt_of(body)
    language: Language = "zh" if _CJK.search(prompt or _first_prompt(messages)) else "en"
    note = "" if any(message.get("role") == "assistant" for message in messages) else NOTE[language]
    if messages and messages[-1].get("role") == "user" and _results(messages[-1]):
        return _script(_after_tools(messages, language), body)
    topic = _topic(prompt)
    if topic == "error":
        return Script((Fault.OVERLOADED,))
    calls = _calls(topic, prompt, offered(body))
    if calls:
        return _script([_thought(language, calls), Say(note + _announced(language)), *calls], body)
    if topic in ("time", "tool", "arithmetic"):
        return _script([Say(note + TEXTS[("no_tool", language)])], body)
    return _told(topic, note, language, body)


def _first_prompt(messages: list[dict[str, Any]]) -> str:
    """The prompt a tool loop began with."""
    for message in reversed(messages):
        text = prompt_of({"messages": [message]})
        if text:
            return text
    return ""


def _topic(prompt: str) -> str:
    lowered = prompt[:_READ].lower()
    if _expression(lowered):
        return "arithmetic"
    return next((topic for topic, pattern in _WORDS if re.search(pattern, lowered)), "tour")


def _expression(prompt: str) -> str | None:
    """The first arithmetic in a prompt; a date is none."""
    found = _ARITHMETIC.search(_DATE.sub("", prompt[:_READ]))
    return found.group().strip(" .\n") if found and _OPERATION.search(found.group()) else None


def _calls(topic: str, prompt: str, names: list[str]) -> list[Call]:
    calculator = next((name for name in names if name.endswith("calculator")), None)
    clock = next((name for name in names if name.endswith("current_time")), None)
    expression = _expression(prompt) or "6 * 7"
    expression = expression.replace("×", "*").replace("÷", "/").replace("^", "**")
    calls: list[Call] = []
    if calculator and topic in ("arithmetic", "tool"):
        calls.append(Call(calculator, {"expression": expression}, chars=4))
    if clock and topic in ("time", "tool"):
        calls.append(Call(clock, {}))
    return calls


def _thought(language: Language, calls: list[Call]) -> Think:
    names = ", ".join(call.name for call in calls)
    if language == "zh":
        return Think(f"这件事我不该靠猜。可以用的工具：{names}。", chars=2)
    return Think(f"I should not guess here. The request offers a tool for it: {names}.", chars=4)


def _announced(language: Language) -> str:
    return "我来查一下。" if language == "zh" else "Let me look that up."


def _after_tools(messages: list[dict[str, Any]], language: Language) -> list[Step]:
    names = {
        str(block.get("id")): str(block.get("name"))
        for message in messages
        for block in blocks_of(message.get("content"))
        if block.get("type") == "tool_use"
    }
    lines = [_line(result, names, language) for result in _results(messages[-1])]
    head = "工具的结果：\n\n" if language == "zh" else "Here is what the tools say:\n\n"
    thought = "结果都有了，可以回答了。" if language == "zh" else "The results are in; now I can answer."
    return [Think(thought, chars=4), Say(head + "\n".join(lines) + "\n", chars=_CHARS[language])]


def _line(result: Mapping[str, Any], names: Mapping[str, str], language: Language) -> str:
    name = names.get(str(result.get("tool_use_id")), "?")
    text = _text_of(result)[:400] or ("（空）" if language == "zh" else "(empty)")
    shown = text if "\n" not in text else text.splitlines()[0] + " …"
    if result.get("is_error"):
        return f"- `{name}`：没有成功，{shown}" if language == "zh" else f"- `{name}` did not work: {shown}"
    return f"- `{name}`：**{shown}**" if language == "zh" else f"- `{name}` answered **{shown}**"


def _told(topic: str, note: str, language: Language, body: Mapping[str, Any]) -> Script:
    known: dict[str, Topic] = {
        "code": "code",
        "table": "table",
        "think": "think",
        "long": "long",
        "continue": "continue",
    }
    name = known.get(topic, "tour")
    text = note + TEXTS[(name, language)]
    chars = (_LONG_CHARS if name == "long" else _CHARS)[language]
    thought = LONG_THOUGHT if name == "think" else THOUGHT
    steps: list[Step] = [Think(thought[language], chars=_CHARS[language])] if name in ("think", "tour") else []
    return _script([*steps, Say(text, chars=chars)], body, _LONG_RATE[language] if name == "long" else RATE)


def _script(steps: list[Step], body: Mapping[str, Any], rate: float = RATE) -> Script:
    thinking = as_dict(body.get("thinking")) or {}
    if thinking.get("type") == "disabled":
        steps = [step for step in steps if not isinstance(step, Think)]
    return Script((Pause(0.25), *steps), rate=rate)
