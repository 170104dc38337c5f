"""Addresses at which nobody answers as a server should: one that takes no connection, one whose certificate nobody signed."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest


@contextmanager
def deaf_server() -> Iterator[str]:
    """A full backlog: the system answers nothing at all; its address."""
    with closing(socket.socket()) as deaf, closing(socket.socket()) as filler, closing(socket.socket()) as more:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for one in (filler, more):
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        yield f"http://127.0.0.1:{deaf.getsockname()[1]}"


@contextmanager
def secure_server(folder: Path) -> Iterator[str]:
    """A loopback server whose certificate nobody vouches for; its address."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate, and there is none")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
