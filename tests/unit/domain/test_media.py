"""Images, documents and search results: what is sent is what the API takes, and the rest is said to be left out."""

from typing import Any

import pytest

from claude_tui.domain.history import build
from claude_tui.domain.media import LARGEST, left_out, sendable
from claude_tui.domain.messages import Message, Role
from tests.unit.fakeapi.bodies import PDF, image, png
from tests.unit.fakeapi.bodies import check as refusal

PNG = image(png())
WEB = {"type": "image", "source": {"type": "url", "url": "https://x.example/i.png"}}
TEXT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}, "title": "t"}
BOOK = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
PARTS = {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}}
FOUND = {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]}


def changed(block: dict[str, Any], **source: Any) -> dict[str, Any]:
    return {**block, "source": {**block["source"], **source}}


@pytest.mark.parametrize("block", [PNG, WEB, TEXT, BOOK, PARTS, FOUND, {"type": "container_upload", "file_id": "f"}])
def test_what_is_right_is_sent_as_it_is(block: dict[str, Any]) -> None:
    assert sendable(block) is block
    assert refusal({"messages": [{"role": "user", "content": [block]}]}) is None


def test_keys_that_nobody_knows_go() -> None:
    assert sendable({**PNG, "cache_control": {"type": "ephemeral"}, "zz": 1, "source": PNG["source"]}) == PNG
    assert sendable({**TEXT, "context": None}) == TEXT


WRONG = {
    "no source": {"type": "image"},
    "a source that is no object": {"type": "image", "source": "https://x"},
    "no base64": changed(PNG, data="!!!!"),
    "base64 of something else": changed(PNG, data="AAAA"),
    "another type than it says": changed(PNG, media_type="image/jpeg"),
    "a type that is not taken": changed(PNG, media_type="image/svg+xml"),
    "too large": changed(PNG, data=PNG["source"]["data"].rstrip("=") + "A" * LARGEST),
    "an unknown key of the source": changed(WEB, zz=1),
    "a local address": changed(WEB, url="file:///etc/passwd"),
    "an empty text": changed(TEXT, data=" "),
    "a title of a wrong type": {**TEXT, "title": 5},
    "odd citations": {**TEXT, "citations": {"enabled": "yes"}},
    "no pages": changed(BOOK, data="AAAA"),
    "parts of a wrong type": changed(PARTS, content=[{"type": "video"}]),
    "nothing found": {**FOUND, "content": []},
    "found in nothing": {**FOUND, "source": 5},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_api_refuses_is_left_out_and_said_to_be(name: str) -> None:
    block = WRONG[name]
    assert refusal({"messages": [{"role": "user", "content": [block]}]}) is not None, "the fake API takes it"
    (message,) = build([Message("u", "s", None, Role.USER, (block, {"type": "text", "text": "so?"}))])
    assert message["content"] == [left_out(block["type"]), {"type": "text", "text": "so?"}]
    assert refusal({"messages": [message]}) is None
