"""How requests travel on any wire: encrypted or within this machine, never along a redirect, past every proxy to this one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from claude_tui.domain.addresses import is_address, is_loopback
from claude_tui.domain.errors import ErrorKind
from claude_tui.domain.ports import Timeouts
from claude_tui.logs import hide
from claude_tui.providers.errors import failed

if TYPE_CHECKING:
    import httpx2


class _Closable(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)

_SECRET_HEADER = re.compile(r"key|token|auth|secret|cookie", re.IGNORECASE)


def check_address(address: str) -> None:
    """ProviderError for one that everybody on the way could read from."""
    if not is_address(address):
        text = f"{address} is no https address: the key and the conversation would travel in the clear."
        raise failed(ErrorKind.INVALID_REQUEST, text)


async def retire(client: C, stale: list[C]) -> None:
    """Put aside a client whose connections a sleep of the machine has killed, which nothing would tell it for minutes.

    Those put aside before are closed: no answer of theirs can still come.
    """
    while stale:
        await stale.pop().close()
    stale.append(client)


def http_options(address: str, timeouts: Timeouts) -> dict[str, Any]:
    """What an SDK's HTTP client is made with, `timeout` among it."""
    import httpx2

    loopback = is_loopback(urlsplit(address).hostname or "")
    # An SDK's client reads the proxies from the environment by itself; a mount without a transport outranks them.
    everything: tuple[str, ...] = ("all://", "http://", "https://")
    mounts: dict[str, httpx2.AsyncBaseTransport | None] = dict.fromkeys(everything) if loopback else {}
    timeout = httpx2.Timeout(max(timeouts.first_byte, timeouts.idle) + 5.0, connect=timeouts.connect)
    return {"follow_redirects": False, "trust_env": not loopback, "timeout": timeout, "mounts": mounts}


def hide_headers(headers: Mapping[str, str]) -> None:
    """Redact from now on what those that are named like credentials hold."""
    hide(*(value for name, value in headers.items() if _SECRET_HEADER.search(name)))
