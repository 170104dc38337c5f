"""The rules of the second wire's validator as two tables: requests it takes, and requests it refuses with the words it says."""

from __future__ import annotations

from typing import Any

from tests.unit.fakeapi.bodies import JPEG, png


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def said(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def call(call_id: str, name: str = "clock", arguments: Any = "{}", **more: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def calling(*calls: Any, content: Any = None, **more: Any) -> dict[str, Any]:
    return said(content, tool_calls=list(calls), **more)


def answer(call_id: Any, content: Any = "ok", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content, **more}


def text(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def image(url: Any, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def tool(name: Any = "clock", **more: Any) -> dict[str, Any]:
    function = {"name": name, "description": "Tells the time.", "parameters": {"type": "object", "properties": {}}, **more}
    return {"type": "function", "function": {key: value for key, value in function.items() if value is not ...}}


PNG = f"data:image/png;base64,{png()}"
TOOL = tool()
LOOP = [user("a"), calling(call("1")), answer("1")]

ACCEPTED: dict[str, dict[str, Any]] = {
    "plain": {},
    "stream": {"stream": True},
    "stream with usage": {"stream": True, "stream_options": {"include_usage": True}},
    "no stream options": {"stream_options": None},
    "max_tokens": {"max_tokens": 1},
    "max_completion_tokens": {"max_completion_tokens": 100},
    "numbers": {"temperature": 2, "top_p": 0.5, "presence_penalty": -2, "frequency_penalty": 2, "seed": -1, "n": 1},
    "words": {"reasoning_effort": "high", "service_tier": "auto", "verbosity": "low", "prompt_cache_retention": "24h"},
    "strings": {"user": "x", "prompt_cache_key": "k", "safety_identifier": "s"},
    "nulls": {"temperature": None, "tools": None, "stop": None, "max_tokens": None},
    "one stop": {"stop": "END"},
    "four stops": {"stop": ["a", "b", "c", "d"]},
    "format": {"response_format": {"type": "json_object"}},
    "system": {"messages": [{"role": "system", "content": "Be brief."}, user("a")]},
    "developer": {"messages": [{"role": "developer", "content": [text("Be brief.")]}, user("a")]},
    "blank text": {"messages": [user(" \n"), user("")]},
    "a name": {"messages": [user("a", name="ada")]},
    "assistant first and twice": {"messages": [said("a"), said("b"), user("c")]},
    "assistant last": {"messages": [user("a"), said("b")]},
    "parts": {"messages": [user([text("what?"), image(PNG, detail="low")])]},
    "image by url": {"messages": [user([image("https://example.com/x.png")])]},
    "assistant parts": {"messages": [said([text("a"), {"type": "refusal", "refusal": "no"}]), user("b")]},
    "refusal alone": {"messages": [user("a"), said(None, refusal="no"), user("b")]},
    "a call": {"messages": LOOP},
    "a call without content": {"messages": [{key: v for key, v in row.items() if v is not None} for row in LOOP]},
    "a call with text": {"messages": [user("a"), calling(call("1"), content="so"), answer("1")]},
    "two calls in any order": {"messages": [user("a"), calling(call("1"), call("2")), answer("2"), answer("1"), user("b")]},
    "calls over rounds": {"messages": [*LOOP, calling(call("2")), answer("2", [text("ok")])]},
    "arguments that are no JSON": {"messages": [user("a"), calling(call("1", arguments="{")), answer("1")]},
    "empty result": {"messages": [user("a"), calling(call("1")), answer("1", "")]},
    "tools": {"tools": [TOOL, tool("b", strict=True)], "tool_choice": "required", "parallel_tool_calls": False},
    "bare tool": {"tools": [tool(description=..., parameters=...)]},
    "a chosen tool": {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "clock"}}},
    "a long name": {"tools": [tool("a" * 64)]},
}

REFUSED: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("unknown key", {"max_output_tokens": 5}, "Unknown parameter: 'max_output_tokens'.", "unknown_parameter"),
    ("key of the first wire", {"system": "x"}, "Unknown parameter: 'system'.", "unknown_parameter"),
    ("cache mark", {"cache_control": {"type": "ephemeral"}}, "Unknown parameter", "unknown_parameter"),
    ("no model", {"model": ...}, "Missing required parameter: 'model'.", "missing_required_parameter"),
    ("empty model", {"model": ""}, "you must provide a model parameter", None),
    ("no messages", {"messages": ...}, "Missing required parameter: 'messages'.", "missing_required_parameter"),
    ("messages no list", {"messages": "hi"}, "'messages': expected an array of objects, but got a string", "invalid_type"),
    ("empty messages", {"messages": []}, "Invalid 'messages': empty array.", "empty_array"),
    ("stream no bool", {"stream": "yes"}, "'stream': expected a boolean, but got a string", "invalid_type"),
    ("options without stream", {"stream_options": {"include_usage": True}}, "only allowed when 'stream' is enabled", None),
    (
        "option key",
        {"stream": True, "stream_options": {"usage": True}},
        "Unknown parameter: 'stream_options.usage'.",
        "unknown_parameter",
    ),
    ("option no bool", {"stream": True, "stream_options": {"include_usage": 1}}, "'stream_options.include_usage'", "invalid_type"),
    ("max_tokens zero", {"max_tokens": 0}, "integer below minimum value", "integer_below_min_value"),
    ("max_tokens no int", {"max_tokens": 1.5}, "'max_tokens': expected an integer, but got a decimal", "invalid_type"),
    ("both maxima", {"max_tokens": 5, "max_completion_tokens": 5}, "at the same time", "invalid_parameter_combination"),
    ("temperature too high", {"temperature": 2.5}, "decimal above maximum value", "decimal_above_max_value"),
    ("temperature too low", {"temperature": -1}, "decimal below minimum value", "decimal_below_min_value"),
    ("temperature no number", {"temperature": True}, "expected a decimal, but got a boolean", "invalid_type"),
    ("effort", {"reasoning_effort": "huge"}, "Invalid value: 'huge'. Supported values are: 'none'", "invalid_value"),
    ("user no string", {"user": 5}, "'user': expected a string, but got an integer", "invalid_type"),
    ("metadata no object", {"metadata": [1]}, "'metadata': expected an object, but got an array", "invalid_type"),
    ("five stops", {"stop": ["a"] * 5}, "Invalid 'stop'", "invalid_value"),
    ("stop no string", {"stop": [5]}, "Invalid 'stop'", "invalid_value"),
    ("format", {"response_format": {"type": "xml"}}, "Invalid value: 'xml'.", "invalid_value"),
    ("lone surrogate", {"messages": [user("\ud83d")]}, "surrogate", None),
    ("message no object", {"messages": ["hi"]}, "'messages[0]': expected an object, but got a string", "invalid_type"),
    ("no role", {"messages": [{"content": "x"}]}, "Missing required parameter: 'messages[0].role'.", "missing_required_parameter"),
    ("role", {"messages": [{"role": "model", "content": "x"}]}, "Invalid value: 'model'. Supported values", "invalid_value"),
    ("old role", {"messages": [{"role": "function", "content": "x", "name": "f"}]}, "not supported", "unsupported_value"),
    ("message key", {"messages": [user("a", id="x")]}, "Unknown parameter: 'messages[0].id'.", "unknown_parameter"),
    (
        "reasoning",
        {"messages": [said("a", reasoning_content="x"), user("b")]},
        "messages[0].reasoning_content",
        "unknown_parameter",
    ),
    ("user calls", {"messages": [user("a", tool_calls=[])]}, "Unknown parameter: 'messages[0].tool_calls'", "unknown_parameter"),
    ("bad name", {"messages": [user("a", name="a b")]}, "does not match pattern", "invalid_value"),
    ("no content", {"messages": [{"role": "user"}]}, "'messages[0].content'", "missing_required_parameter"),
    ("null content", {"messages": [user(None)]}, "Invalid value for 'content': expected a string, got null.", None),
    ("an assistant that says nothing", {"messages": [user("a"), said(None)]}, "expected a string, got null.", None),
    ("content number", {"messages": [user(5)]}, "one of a string or array of objects, but got an integer", "invalid_type"),
    ("no parts", {"messages": [user([])]}, "Invalid 'messages[0].content': empty array.", "empty_array"),
    ("part no object", {"messages": [user(["a"])]}, "'messages[0].content[0]': expected an object", "invalid_type"),
    ("part without type", {"messages": [user([{"text": "a"}])]}, "'messages[0].content[0].type'", "missing_required_parameter"),
    (
        "part type",
        {"messages": [user([{"type": "image"}])]},
        "Invalid value: 'image'. Supported values are: 'text'",
        "invalid_value",
    ),
    ("part key", {"messages": [user([text("a", cache_control={})])]}, "content[0].cache_control'", "unknown_parameter"),
    ("part text", {"messages": [user([text(5)])]}, "'messages[0].content[0].text': expected a string", "invalid_type"),
    ("system image", {"messages": [{"role": "system", "content": [image(PNG)]}]}, "Supported values are: 'text'.", "invalid_value"),
    ("assistant image", {"messages": [said([image(PNG)])]}, "Invalid value: 'image_url'", "invalid_value"),
    ("tool image", {"messages": [user("a"), calling(call("1")), answer("1", [image(PNG)])]}, "'image_url'", "invalid_value"),
    ("image as string", {"messages": [user([{"type": "image_url", "image_url": PNG}])]}, "expected an object", "invalid_type"),
    ("image key", {"messages": [user([image(PNG, alt="x")])]}, "image_url.alt'", "unknown_parameter"),
    ("image detail", {"messages": [user([image(PNG, detail="huge")])]}, "Invalid value: 'huge'", "invalid_value"),
    ("image without url", {"messages": [user([{"type": "image_url", "image_url": {}}])]}, "url'", "missing_required_parameter"),
    ("image by http", {"messages": [user([image("http://x/y.png")])]}, "Expected a valid URL", "invalid_value"),
    ("image no base64", {"messages": [user([image("data:image/png;base64,***")])]}, "base64-encoded data URL", "invalid_value"),
    (
        "image that lies",
        {"messages": [user([image(f"data:image/png;base64,{JPEG}")])]},
        "unsupported image",
        "invalid_image_format",
    ),
    ("image type", {"messages": [user([image(f"data:image/bmp;base64,{png()}")])]}, "unsupported image", "invalid_image_format"),
    ("call without answer", {"messages": [user("a"), calling(call("1")), user("b")]}, "did not have response messages: 1", None),
    ("call at the end", {"messages": [user("a"), calling(call("1"))]}, "must be followed by tool messages", None),
    ("half the answers", {"messages": [user("a"), calling(call("1"), call("2")), answer("1")]}, "response messages: 2", None),
    ("answer late", {"messages": [user("a"), calling(call("1")), said("x"), answer("1")]}, "must be followed by tool", None),
    ("answer without call", {"messages": [user("a"), answer("1")]}, "must be a response to a preceeding message", None),
    ("answer to another call", {"messages": [user("a"), calling(call("1")), answer("2")]}, "'2' not found in 'tool_calls'", None),
    ("answer twice", {"messages": [*LOOP, answer("1")]}, "Duplicate value for 'tool_call_id' of '1'", None),
    (
        "answer without id",
        {"messages": [*LOOP[:2], {"role": "tool", "content": "x"}]},
        "tool_call_id'",
        "missing_required_parameter",
    ),
    ("answer id no string", {"messages": [*LOOP[:2], answer(1)]}, "tool_call_id': expected a string", "invalid_type"),
    (
        "answer key",
        {"messages": [*LOOP[:2], answer("1", is_error=True)]},
        "Unknown parameter: 'messages[2].is_error'",
        "unknown_parameter",
    ),
    ("same id again", {"messages": [*LOOP, calling(call("1")), answer("1")]}, "Duplicate value for 'tool_call_id' of '1'", None),
    ("same id twice", {"messages": [user("a"), calling(call("1"), call("1")), answer("1")]}, "Duplicate value", None),
    ("no calls", {"messages": [user("a"), calling(content="b")]}, "Invalid 'messages[1].tool_calls': empty array.", "empty_array"),
    ("null calls", {"messages": [user("a"), said("b", tool_calls=None)]}, "tool_calls': expected an array", "invalid_type"),
    ("call key", {"messages": [user("a"), calling(call("1", index=0)), answer("1")]}, "tool_calls[0].index'", "unknown_parameter"),
    ("call type", {"messages": [user("a"), calling(call("1", type="x")), answer("1")]}, "Invalid value: 'x'", "invalid_value"),
    ("empty id", {"messages": [user("a"), calling(call("")), answer("")]}, "tool_calls[0].id': empty string", None),
    ("call name", {"messages": [user("a"), calling(call("1", "a b")), answer("1")]}, "does not match pattern", "invalid_value"),
    (
        "arguments",
        {"messages": [user("a"), calling(call("1", arguments={})), answer("1")]},
        "expected a string, but got an object",
        "invalid_type",
    ),
    ("tools no list", {"tools": {}}, "'tools': expected an array", "invalid_type"),
    ("no tools", {"tools": []}, "too short", None),
    ("too many tools", {"tools": [tool(f"t{n}") for n in range(129)]}, "maximum length 128", "array_above_max_length"),
    ("tool of the first wire", {"tools": [{"name": "x", "input_schema": {}}]}, "'tools[0].type'", "missing_required_parameter"),
    ("tool type", {"tools": [{"type": "web_search", "function": {}}]}, "Invalid value: 'web_search'", "invalid_value"),
    ("tool key", {"tools": [{**TOOL, "cache_control": {}}]}, "tools[0].cache_control'", "unknown_parameter"),
    ("function key", {"tools": [tool(input_schema={})]}, "tools[0].function.input_schema'", "unknown_parameter"),
    ("no function", {"tools": [{"type": "function"}]}, "'tools[0].function'", "missing_required_parameter"),
    ("function name", {"tools": [tool("a.b")]}, "does not match pattern", "invalid_value"),
    ("function name length", {"tools": [tool("a" * 65)]}, "maximum length 64", "string_above_max_length"),
    ("description", {"tools": [tool(description=5)]}, "description': expected a string", "invalid_type"),
    ("strict", {"tools": [tool(strict="yes")]}, "strict': expected a boolean", "invalid_type"),
    (
        "schema",
        {"tools": [tool(parameters={"type": "array"})]},
        "Invalid schema for function 'clock'",
        "invalid_function_parameters",
    ),
    (
        "schema properties",
        {"tools": [tool(parameters={"type": "object", "properties": []})]},
        "Invalid schema",
        "invalid_function_parameters",
    ),
    ("tools twice", {"tools": [TOOL, TOOL]}, "Duplicate function name: 'clock'.", None),
    ("choice without tools", {"tool_choice": "auto"}, "only allowed when 'tools' are specified", None),
    ("parallel without tools", {"parallel_tool_calls": True}, "only allowed when 'tools' are specified", None),
    ("choice word", {"tools": [TOOL], "tool_choice": "any"}, "Invalid value for 'tool_choice'", "invalid_value"),
    (
        "choice key",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "clock"}, "x": 1}},
        "tool_choice.x",
        "unknown_parameter",
    ),
    (
        "choice of nothing",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
        "Tool choice 'x' not found",
        None,
    ),
]
