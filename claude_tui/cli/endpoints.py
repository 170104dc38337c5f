"""The providers of the configuration: which there are, and the object behind a name. Part of the composition root."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from claude_tui.config_providers import BUILTIN, Section
from claude_tui.domain.addresses import is_loopback

if TYPE_CHECKING:
    from claude_tui.config import Settings
    from claude_tui.domain.ports import Provider, Timeouts
    from claude_tui.engine.consent import Consent
    from claude_tui.engine.endpoints import Endpoints
    from claude_tui.providers.keys import Key

_VENDORS: Mapping[str, str] = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com/v1"}
"""Wire → the address of the vendor's own endpoint."""
_USUAL_VARIABLES: Mapping[str, str] = {"openai": "OPENAI_API_KEY"}
"""Wire → the variable that holds the key of the vendor's own endpoint, where a section names none."""


def names(settings: Settings) -> tuple[str, ...]:
    """The built-in one first, then the sections."""
    return tuple(dict.fromkeys([BUILTIN, *settings.providers]))


def endpoints(settings: Settings, timeouts: Timeouts, consent: Consent | None = None) -> Endpoints:
    """All of them; each is made when it is first asked for. `consent`: asked before anything goes to a foreign host."""
    from claude_tui.engine.endpoints import Endpoints

    def made(name: str) -> Provider:
        provider = make(settings, name, timeouts)
        host = foreign_host(settings, name)
        if consent is None or host is None:
            return provider
        from claude_tui.engine.consent import Asking

        return Asking(provider, host, consent)

    return Endpoints(made, names(settings), settings.provider)


def make(settings: Settings, name: str, timeouts: Timeouts) -> Provider:
    """The provider of this name. Cheap: its SDK and its key wait for the first request."""
    from claude_tui.providers import WIRES

    section = settings.section(name) or Section()
    module, _, kind = WIRES[section.wire].partition(":")
    made = getattr(import_module(module), kind)(name=name, timeouts=timeouts, **_ARGUMENTS[section.wire](section, name))
    return cast("Provider", made)


def _for_anthropic(section: Section, name: str) -> dict[str, Any]:
    finds_its_own = name == BUILTIN or section.platform is not None
    return {"section": section, "key": None if finds_its_own and not _names_key(section) else key_of(section, name)}


def _for_openai(section: Section, name: str) -> dict[str, Any]:
    key = key_of(section, name)
    return {
        "base_url": section.base_url,
        "api_key": key.get,
        "headers": section.headers,
        "max_tokens_field": section.max_tokens_field,
        "echo_reasoning": section.echo_reasoning,
        "source": key.names(),
    }


_ARGUMENTS: Mapping[str, Callable[[Section, str], dict[str, Any]]] = {"anthropic": _for_anthropic, "openai": _for_openai}
"""Wire → what the constructor of its adapter is given."""


def _names_key(section: Section) -> bool:
    return bool(section.api_key_env or section.api_key_keyring or section.api_key_command)


def key_of(section: Section, name: str) -> Key:
    """Where the section's key is. The vendor's variable counts for the vendor's own address only: no key goes to another host."""
    from claude_tui.providers.keys import Key

    variable = section.api_key_env
    if not _names_key(section) and address(section) == _VENDORS[section.wire]:
        variable = _USUAL_VARIABLES.get(section.wire)
    required = not section.platform and not is_loopback(urlsplit(address(section)).hostname or "")
    return Key(name, variable=variable, keyring=section.api_key_keyring, command=section.api_key_command, required=required)


def problems(settings: Settings, name: str) -> list[str]:
    """What this provider lacks, as far as can be seen without asking anybody."""
    from importlib.util import find_spec

    from claude_tui.providers.anthropic_clients import missing_extra

    section = settings.section(name) or Section()
    found: list[str] = []
    if section.wire == "openai" and find_spec("openai") is None:
        found.append("it needs: pip install 'claude-tui-chat[openai]'")
    if section.platform and (extra := missing_extra(section)):
        found.append(f"it needs: pip install 'claude-tui-chat[{extra}]'")
    if not settings.model_for(name):
        found.append("no model is named")
    return [*found, *(key_of(section, name).problems() if section != Section(base_url=section.base_url) else ())]


def address(section: Section) -> str:
    """Where its requests go; empty where a platform's tools know that."""
    usual = os.environ.get("ANTHROPIC_BASE_URL") if section.wire == "anthropic" else None
    return (section.base_url or ("" if section.platform else usual or _VENDORS[section.wire])).rstrip("/")


def foreign_host(settings: Settings, name: str) -> str | None:
    """The host requests of this provider go to, where that is neither the vendor's own nor this machine."""
    section = settings.section(name)
    where = address(section) if section is not None else ""
    host = urlsplit(where).hostname or ""
    if not host or is_loopback(host) or where in _VENDORS.values():
        return None
    return host


def model_list(settings: Settings, provider: Provider, cache: Any) -> Any:
    """What is known of this provider's models; `cache`: the folder that keeps what it said, None for none."""
    from claude_tui.providers.model_list import ModelList

    section = settings.section(provider.name)
    return ModelList(provider, cache, address(section) if section is not None else "")
