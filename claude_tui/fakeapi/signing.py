"""Signatures of thinking: an HMAC that binds the text to the request prefix it answered.

The prefix is system, tools and every block before, as one flat run of (role, block): cache marks, thinking itself and blank
text do not count, so moving a cache mark or merging two messages of one role changes nothing. Each signature also names the
thinking before it: earlier thinking may be left out from the front or altogether, not from the middle.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .shapes import blocks_of, is_blank_text

DEMO_SECRET = b"claude-tui fake api: not a secret, so that a resumed session stays valid"
_THINKING = ("thinking", "redacted_thinking")
_VERSION = b"\x01"
_NOTHING = bytes(8)


def canonical(block: Mapping[str, Any]) -> bytes:
    """A block as the prefix sees it: cache marks and nulls say nothing."""
    plain = {key: value for key, value in block.items() if key != "cache_control" and value is not None}
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


class Prefix:
    """The running digest of everything before a place in the conversation, and the thinking last seen there."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._hash = hashlib.sha256()
        self.last = _NOTHING
        for part in ("system", "tools"):
            for block in blocks_of(body.get(part)):
                if not is_blank_text(block):
                    self._add(part, block)

    def add(self, role: str, block: Mapping[str, Any]) -> None:
        """Go past a block."""
        if block.get("type") in _THINKING:
            self.last = mark(block)
        elif not is_blank_text(block):
            self._add(role, block)

    def _add(self, role: str, block: Mapping[str, Any]) -> None:
        self._hash.update(role.encode() + b"\0" + canonical(block) + b"\n")

    def digest(self) -> bytes:
        return self._hash.digest()

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Prefix:
        """The prefix an answer to this request is bound to."""
        prefix = cls(body)
        for message in body.get("messages", ()):
            for block in blocks_of(message.get("content")):
                prefix.add(str(message.get("role")), block)
        return prefix


def mark(block: Mapping[str, Any]) -> bytes:
    """A short name for a thinking block, by which the next signature remembers it."""
    secret_part = block.get("signature") or block.get("data") or ""
    return hashlib.sha256(str(secret_part).encode("utf-8", "replace")).digest()[:8]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a signature check found: made here at all, and bound to this place."""

    genuine: bool
    bound: bool


Attested: TypeAlias = Literal["genuine", "altered", "invalid"]


class Signer:
    """Makes and checks signatures with one secret."""

    def __init__(self, secret: bytes = DEMO_SECRET) -> None:
        self._secret = secret

    def sign(self, thinking: str, prefix: Prefix) -> str:
        """The signature of a thinking block at this place."""
        return self._seal("thinking", thinking.encode("utf-8", "surrogatepass"), prefix, b"")

    def redact(self, hidden: str, prefix: Prefix) -> str:
        """The data of a redacted block at this place."""
        payload = hashlib.sha256(hidden.encode()).digest() * 4
        return self._seal("redacted_thinking", payload, prefix, payload)

    def check(self, block: Mapping[str, Any], prefix: Prefix) -> Verdict:
        """Whether a thinking or redacted block is ours and stands where it was made."""
        if block.get("type") == "redacted_thinking":
            sealed, content = _decode(block.get("data")), None
        else:
            sealed, content = _decode(block.get("signature")), str(block.get("thinking"))
        if sealed is None or len(sealed) < 73 or sealed[:1] != _VERSION:
            return Verdict(genuine=False, bound=False)
        of_text, of_place, link, payload = sealed[1:33], sealed[33:65], sealed[65:73], sealed[73:]
        told = payload if content is None else content.encode("utf-8", "surrogatepass")
        kind = str(block.get("type"))
        if not hmac.compare_digest(of_text, self._mac(kind.encode(), told, link)):
            return Verdict(genuine=False, bound=False)
        place = hmac.compare_digest(of_place, self._mac(b"place", of_text, prefix.digest()))
        return Verdict(genuine=True, bound=place and prefix.last in (_NOTHING, link))

    def conceal(self, text: str) -> str:
        """The opaque part of a compaction block."""
        return base64.b64encode(self._mac(b"concealed", text.encode("utf-8", "surrogatepass")) * 2).decode()

    def attest(self, content: str, hidden: str) -> str:
        """The signature of a compaction block."""
        of_text = hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()
        return base64.b64encode(_VERSION + of_text + self._mac(b"compaction", of_text, hidden.encode())).decode()

    def check_compaction(self, block: Mapping[str, Any]) -> Attested:
        """Whether a compaction block is ours, and whether its summary is the one that was signed."""
        sealed = _decode(block.get("signature"))
        if sealed is None or len(sealed) != 65 or sealed[:1] != _VERSION:
            return "invalid"
        of_text, hidden = sealed[1:33], str(block.get("encrypted_content"))
        if not hmac.compare_digest(sealed[33:], self._mac(b"compaction", of_text, hidden.encode("utf-8", "surrogatepass"))):
            return "invalid"
        told = str(block.get("content")).encode("utf-8", "surrogatepass")
        return "genuine" if hashlib.sha256(told).digest() == of_text else "altered"

    def _seal(self, kind: str, told: bytes, prefix: Prefix, payload: bytes) -> str:
        of_text = self._mac(kind.encode(), told, prefix.last)
        of_place = self._mac(b"place", of_text, prefix.digest())
        return base64.b64encode(_VERSION + of_text + of_place + prefix.last + payload).decode()

    def _mac(self, *parts: bytes) -> bytes:
        return hmac.new(self._secret, b"\0".join(parts), hashlib.sha256).digest()


def _decode(value: object) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A thinking block that does not belong where it stands."""

    message: int
    block: int
    type: str
    genuine: bool


def misplaced(body: Mapping[str, Any], signer: Signer) -> Iterator[Misplaced]:
    """Every thinking block of the request whose signature does not hold, in order."""
    prefix = Prefix(body)
    for i, message in enumerate(body["messages"]):
        role = str(message["role"])
        for j, block in enumerate(blocks_of(message.get("content"))):
            if block.get("type") in _THINKING:
                verdict = signer.check(block, prefix)
                if not (verdict.genuine and verdict.bound):
                    yield Misplaced(i, j, str(block["type"]), verdict.genuine)
            prefix.add(role, block)
