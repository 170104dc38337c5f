"""The system's certificates are read once a process, not once a client: that takes longer than a whole turn, and no test meets a
host they vouch for. Certificates that a variable names are read as ever."""

from __future__ import annotations

import functools
import os
import ssl

import httpcore2

_read = httpcore2.default_ssl_context
_once = functools.cache(_read)


def _context(*, _trust_env: bool = True) -> ssl.SSLContext:
    named = _trust_env and any(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    return _read(_trust_env=_trust_env) if named else _once(_trust_env=_trust_env)


def read_once() -> None:
    httpcore2.default_ssl_context = _context


def read_now() -> None:
    """For processes that will be forked from this one."""
    read_once()
    _once(_trust_env=True)
