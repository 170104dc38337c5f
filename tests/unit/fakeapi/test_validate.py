"""The strict validator, rule by rule: what is refused, in which words, and the nearest thing that is accepted."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from claude_tui.fakeapi.media import dimensions, sniff
from claude_tui.fakeapi.memory import Memory
from claude_tui.fakeapi.models import MODELS
from claude_tui.fakeapi.validate import validate
from tests.unit.fakeapi.bodies import SIGNER, VERSION, check, image, on, u
from tests.unit.fakeapi.rules import ACCEPTED, REFUSED


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    assert check(ACCEPTED[name]) is None


@pytest.mark.parametrize(("name", "body", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(name: str, body: dict[str, Any], words: str) -> None:
    error = check(body)
    assert error is not None
    assert (error.status, error.type) == (400, "invalid_request_error")
    assert words in error.message


def test_body_must_be_an_object() -> None:
    error = validate([], VERSION, SIGNER, Memory())
    assert error is not None
    assert "not a JSON object" in error.message


def test_version_header_is_required() -> None:
    error = validate({}, {}, SIGNER, Memory())
    assert error is not None
    assert "anthropic-version" in error.message


@pytest.mark.parametrize(
    ("body", "beta"),
    [
        ({"mcp_servers": []}, "mcp-client-2026-09-15"),
        ({"context_management": {}}, "other-1, context-management-2025-06-27"),
        ({"thinking": {"type": "adaptive", "block_binding": {}}}, "thinking-binding-controls-2026-08-01"),
        ({"thinking": {"type": "adaptive", "display": "updates"}}, "thinking-display-updates-2026-08-18"),
        (
            {"messages": [u("a"), {"role": "system", "output_config": {"effort": "low"}}]},
            "mid-conversation-output-config-2026-07-01",
        ),
    ],
)
def test_betas_open_what_they_name(body: dict[str, Any], beta: str) -> None:
    assert check(body) is not None
    assert check(body, anthropic_beta=beta) is None


def test_sampling_under_the_old_version() -> None:
    body = on("opus-4-5", temperature=0.5)
    assert check(body) is not None
    assert check(body, anthropic_version="2023-06-01") is None
    assert check(on("opus-5", temperature=0.5), anthropic_version="2023-06-01") is not None


def test_counting_takes_fewer_options() -> None:
    assert check({}, counting=True) is None
    error = check({"stream": True}, counting=True)
    assert error is not None
    assert "stream: Extra inputs" in error.message


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_model_takes_its_own_settings_and_no_others(model: Any) -> None:
    for kind in ("adaptive", "enabled", "disabled", "between_tools"):
        thinking = {"type": kind, **({"budget_tokens": 1024} if kind == "enabled" else {})}
        error = check({"model": model.id, "thinking": thinking, "max_tokens": 2000})
        assert (error is None) == (kind in model.thinking), kind
    for level in ("low", "medium", "high", "xhigh", "max"):
        error = check({"model": model.id, "output_config": {"effort": level}})
        assert (error is None) == (level in model.effort), level
    assert check({"model": model.id, "max_tokens": model.max_tokens}) is None
    assert check({"model": model.id, "max_tokens": model.max_tokens + 1}) is not None


JPEG = b"\xff\xd8\xff\xe0\x00\x04..\xff\xc0\x00\x11\x08" + struct.pack(">HH", 600, 9000) + b"\0" * 20
GIF = b"GIF89a" + struct.pack("<HH", 9000, 5)
WEBP = b"RIFF\0\0\0\0WEBPVP8 "


@pytest.mark.parametrize(
    ("data", "media", "size"),
    [
        (JPEG, "image/jpeg", (9000, 600)),
        (GIF, "image/gif", (9000, 5)),
        (WEBP, "image/webp", None),
        (b"\xff\xd8\xff", "image/jpeg", None),
        (b"GIF87a", "image/gif", None),
        (b"hello", None, None),
    ],
)
def test_images_by_their_first_bytes(data: bytes, media: str | None, size: tuple[int, int] | None) -> None:
    assert sniff(data) == media
    assert dimensions(data) == size
    if media is not None:
        error = check({"messages": [u(image(base64.b64encode(data).decode(), media))]})
        assert (error is None) == (size is None)
