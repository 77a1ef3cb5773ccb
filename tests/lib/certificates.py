# SPDX-License-Identifier: ISC
"""Certificates for tests, made when they are needed, and the client's side of TLS."""
import contextlib
import os
import ssl
import subprocess


def self_signed(folder, name="mx.example", stem="server"):
    """Paths of a certificate for `name` and of its key, which belongs to nobody else."""
    cert, key = (os.path.join(folder, f"{stem}.{kind}.pem") for kind in ("cert", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    os.chmod(key, 0o600)
    return cert, key


class Wire:
    """TLS without a socket: what is said goes in, what is to be written comes out, and the other way round."""

    def __init__(self, cert, name="mx.example"):
        context = ssl.create_default_context(cafile=cert)
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward, server_hostname=name)

    def shake(self):
        """True when the handshake is over; what is to be written is in written()."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def written(self):
        return self.outward.read()

    def heard(self, octets):
        self.inward.write(octets)

    def say(self, octets):
        """What is to be written; nothing once the server has ended it."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.write(octets)
        return self.written()

    def read(self):
        """All that can be read; the end is seen by the stream below."""
        found = b""
        try:
            while piece := self.tls.read(65536):
                found += piece
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError, ssl.SSLEOFError):
            pass
        return found

    def goodbye(self):
        """close_notify."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        return self.written()
