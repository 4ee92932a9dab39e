"""One object's encryption: AES-256-GCM in chunks, after the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015).

Each has a key and a nonce prefix of its own, derived from the key of the installation, a random salt and the object's name; a
chunk's nonce holds its number and whether it is the last. So an object that was changed, cut, reordered or renamed is found.
"""

import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
CHUNK_BYTES: Final = 1 << 20
TAG_BYTES: Final = 16
_MAGIC: Final = b"OLB1"
_KEY_ID_BYTES: Final = 8
_SALT_BYTES: Final = 32
_PREFIX_BYTES: Final = 7
HEADER_BYTES: Final = len(_MAGIC) + _KEY_ID_BYTES + _SALT_BYTES


class NotOurs(Exception):
    """The object does not begin as ours do."""


class OtherKey(Exception):
    """The object was encrypted with another key."""


class Tampered(Exception):
    """A chunk is not what was written there."""


def new_key() -> str:
    """Return the text of a new key."""
    return b64encode(os.urandom(KEY_BYTES)).decode()


def read_key(text: str) -> bytes:
    """Return the key that the text holds; ValueError."""
    try:
        key = b64decode(text.strip(), validate=True)
    except NotBase64:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"does not hold {KEY_BYTES} bytes in base64")
    return key


class ObjectCipher:
    """Encrypts or decrypts the chunks of the object that is called `name`."""

    def __init__(self, key: bytes, name: str, salt: bytes) -> None:
        derived = _derive(key, KEY_BYTES + _PREFIX_BYTES, salt, b"onelast backup object " + name.encode())
        self._gcm, self._prefix = AESGCM(derived[:KEY_BYTES]), derived[KEY_BYTES:]

    def seal(self, chunk: bytes, number: int, *, last: bool) -> bytes:
        """Return the chunk, encrypted and tagged."""
        return self._gcm.encrypt(self._nonce(number, last), chunk, None)

    def open(self, chunk: bytes, number: int, *, last: bool) -> bytes:
        """Return the plain chunk; Tampered."""
        try:
            return self._gcm.decrypt(self._nonce(number, last), chunk, None)
        except InvalidTag:
            raise Tampered from None

    def _nonce(self, number: int, last: bool) -> bytes:
        return self._prefix + number.to_bytes(4, "big") + bytes([last])


def begin(key: bytes, name: str) -> tuple[bytes, ObjectCipher]:
    """Return the header of a new object and its cipher."""
    salt = os.urandom(_SALT_BYTES)
    return _MAGIC + _key_id(key) + salt, ObjectCipher(key, name, salt)


def resume(key: bytes, name: str, header: bytes) -> ObjectCipher:
    """Return the cipher of an object with this header; NotOurs, OtherKey."""
    if len(header) != HEADER_BYTES or not header.startswith(_MAGIC):
        raise NotOurs
    if header[len(_MAGIC):][:_KEY_ID_BYTES] != _key_id(key):
        raise OtherKey
    return ObjectCipher(key, name, header[-_SALT_BYTES:])


def _key_id(key: bytes) -> bytes:
    return _derive(key, _KEY_ID_BYTES, None, b"onelast backup key id")


def _derive(key: bytes, length: int, salt: bytes | None, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length, salt, purpose).derive(key)
