"""Endpoints: the providers of a program by name, each made when it is first asked for, and closed together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.ports import Provider

_log = logging.getLogger(__name__)


class Endpoints:
    """`make` builds the provider of a name, cheaply; `default` is the name a new session gets."""

    def __init__(self, make: Callable[[str], Provider], names: Sequence[str], default: str) -> None:
        self._make = make
        self._made: dict[str, Provider] = {}
        self.names = tuple(names)
        self.default = default

    @classmethod
    def of(cls, provider: Provider) -> Endpoints:
        """The one endpoint there is, whatever name a session calls it by: the demo's server answers for all."""
        return cls(lambda _: provider, (), provider.name)

    def get(self, name: str) -> Provider:
        """ProviderError where there is none of this name: the session may come from a machine with another configuration."""
        if self.names and name not in self.names:
            text = f"This session uses the provider {name!r}, which is not configured here; there are: {', '.join(self.names)}."
            raise ProviderError(ErrorInfo(ErrorKind.INVALID_REQUEST, text))
        name = name if self.names else self.default
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    async def close(self) -> None:
        """Close those that were made. One that fails keeps no other from it."""
        for provider in self._made.values():
            try:
                await provider.close()
            except Exception:
                _log.exception("the provider %s could not be closed", provider.name)
