"""What may be said about an address without asking the network."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_address(text: str) -> bool:
    """Whether the API may be reached there: https, or http on this machine, so that a key never travels in clear."""
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    return bool(parts.hostname) and secure and port_fits and not any(one.isspace() for one in text)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, reached without a network."""
    import ipaddress

    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or bool(mapped and mapped.is_loopback)


def redact_address(text: str) -> str:
    """`text` without the user and password an address may hold."""
    scheme, separator, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    if not separator or "@" not in host:
        return text
    return f"{scheme}://[redacted]@{host.rpartition('@')[2]}{slash}{path}"
