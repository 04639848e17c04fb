"""A network between a client and a server on this machine: it speaks TLS, drips, or loses an answer, as it is told."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Relay:
    """Passes on what the client says, and then what the server answers, for as long as the context lasts.

    `context` makes it the server's end of TLS. `drip` is the time between two bytes of an answer, in seconds. The
    answer to a question that holds `lose` is heard and not passed on: the client's connection ends instead.
    """

    def __init__(
        self, port: int, *, context: ssl.SSLContext | None = None, drip: float = 0.0, lose: bytes | None = None
    ) -> None:
        self._target = port
        self._context = context
        self._drip = drip
        self._lose = lose
        self._ended = Event()
        self._talking: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The store behind it."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many there have been."""
        return len(self._talking)

    def hang_up(self) -> None:
        """End all connections, as a server does when it is started again."""
        for talking in self._talking:
            with suppress(OSError):
                talking.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._threads = [Thread(target=self._listen)]
        self._threads[0].start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._threads.append(Thread(target=self._relay, args=(client,)))
                self._threads[-1].start()

    def _relay(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as server:
            client.settimeout(30)
            talking = self._context.wrap_socket(client, server_side=True) if self._context else client
            self._talking.append(talking)
            with talking:
                while question := talking.recv(65536):
                    server.sendall(question)
                    answer = server.recv(65536)
                    if self._lose is not None and self._lose in question:
                        return
                    self._pass_on(answer, talking)

    def _pass_on(self, answer: bytes, client: socket.socket) -> None:
        if not self._drip:
            client.sendall(answer)
            return
        for byte in answer:
            client.sendall(bytes([byte]))
            if self._ended.wait(self._drip):
                return


def certified(folder: Path, host: str) -> tuple[ssl.SSLContext, Path, Path]:
    """Return a server's end of TLS for the host, and the files of its certificate and key: it signed for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context, certificate_file, key_file
