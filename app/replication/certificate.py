"""The server's certificate: self-signed, nameless, made for one run.

It carries nothing about a person or a computer; not even its dates say when it was made. Nobody verifies it: its hash
binds the handshake's signatures to the channel (docs/protocol.md, section 4.3).
"""

from __future__ import annotations

from msgspec import Struct


class Certificate(Struct, frozen=True):
    """pem: private key and certificate for `load_cert_chain`; der: the certificate."""

    pem: bytes
    der: bytes


def make_certificate() -> Certificate:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    # P-256, not Ed25519: LibreSSL, which some macOS Pythons are linked with, has no Ed25519 in TLS.
    key = ec.generate_private_key(ec.SECP256R1())
    nobody = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(nobody)
        .issuer_name(nobody)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(
        secret + certificate.public_bytes(serialization.Encoding.PEM),
        certificate.public_bytes(serialization.Encoding.DER),
    )
