"""Compressed and encrypted objects, piece by piece and in little memory."""

from collections.abc import Iterator
from typing import Final

from adapters.blobs.cipher import CHUNK_BYTES, HEADER_BYTES, TAG_BYTES, NotOurs, ObjectCipher, OtherKey, Tampered, begin, resume
from adapters.blobs.zstandard import ZstdCompressor, ZstdDecompressor, ZstdError
from domain.backups.problems import ObjectDamaged, WrongKey

_LEVEL: Final = 3
_PIECE_BYTES: Final = 4 << 20
_SEALED_CHUNK: Final = CHUNK_BYTES + TAG_BYTES


class Sealer:
    """Turns plain pieces into the bytes to store."""

    def __init__(self, key: bytes, name: str) -> None:
        self._ready, self._cipher = begin(key, name)
        self._compressor, self._buffer, self._number = ZstdCompressor(_LEVEL), bytearray(), 0

    def update(self, piece: bytes) -> bytes:
        """Take the next piece; return what can be stored by now."""
        self._buffer += self._compressor.compress(piece)
        sealed, self._ready = [self._ready], b""
        while len(self._buffer) > CHUNK_BYTES:
            sealed.append(self._seal(bytes(self._buffer[:CHUNK_BYTES]), last=False))
            del self._buffer[:CHUNK_BYTES]
        return b"".join(sealed)

    def finish(self) -> bytes:
        """Return the rest, which says that it is the end."""
        self._buffer += self._compressor.flush()
        rest = self.update(b"")
        return rest + self._seal(bytes(self._buffer), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> bytes:
        self._number += 1
        return self._cipher.seal(chunk, self._number, last=last)


class Opener:
    """Turns stored bytes into plain pieces; ObjectDamaged and WrongKey name the object."""

    def __init__(self, key: bytes, name: str) -> None:
        self._key, self._name = key, name
        self._cipher: ObjectCipher | None = None
        self._decompressor, self._buffer, self._number = ZstdDecompressor(), bytearray(), 0

    def update(self, stored: bytes) -> Iterator[bytes]:
        """Take the next stored bytes; yield what is known to be right by now, in pieces of bounded size."""
        self._buffer += stored
        if self._cipher is None and len(self._buffer) < HEADER_BYTES:
            return
        cipher = self._begun()
        while len(self._buffer) > _SEALED_CHUNK:
            chunk = self._open(cipher, bytes(self._buffer[:_SEALED_CHUNK]), last=False)
            del self._buffer[:_SEALED_CHUNK]
            yield from self._decompressed(chunk)

    def finish(self) -> Iterator[bytes]:
        """Yield the rest; ObjectDamaged when the end is missing."""
        yield from self._decompressed(self._open(self._begun(), bytes(self._buffer), last=True))
        if not self._decompressor.eof:
            raise self._damage("its content ends too early")

    def _begun(self) -> ObjectCipher:
        if self._cipher is None:
            header = bytes(self._buffer[:HEADER_BYTES])
            del self._buffer[:HEADER_BYTES]
            try:
                self._cipher = resume(self._key, self._name, header)
            except OtherKey:
                raise WrongKey(f"{self._name} was encrypted with another key than that of ONELAST_BACKUP_KEY_FILE.") from None
            except NotOurs:
                raise self._damage("it does not begin as a backup does") from None
        return self._cipher

    def _open(self, cipher: ObjectCipher, chunk: bytes, *, last: bool) -> bytes:
        self._number += 1
        try:
            return cipher.open(chunk, self._number, last=last)
        except Tampered:
            told = "it was cut short, or its end was changed" if last else f"it was changed in its chunk {self._number}"
            raise self._damage(told) from None

    def _decompressed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the content; a chunk of zeros may hold gigabytes."""
        try:
            while chunk or not (self._decompressor.needs_input or self._decompressor.eof):
                yield self._decompressor.decompress(chunk, _PIECE_BYTES)
                chunk = b""
        except (ZstdError, EOFError):
            raise self._damage("its content cannot be decompressed") from None

    def _damage(self, told: str) -> ObjectDamaged:
        return ObjectDamaged(f"{self._name} is damaged: {told}.")
