"""SHA-256 digests: of texts and arrays, and within or at the end of a file, so that what was changed is not read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

SEAL = b"\njit_gym sha256 "
BLANK = "0" * 64


def of_text(text: str) -> str:
    """Return the digest of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Return a digest that changes with any name, type, shape or number of the arrays."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name}{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def embed(data: bytes) -> bytes:
    """Return a file's content with its digest in the place of the first `BLANK` in it."""
    return data.replace(BLANK.encode(), hashlib.sha256(data).hexdigest().encode(), 1)


def is_embedded(data: bytes, digest: str) -> bool:
    """Tell whether `embed` made a file of this digest, and no bit of it was changed since."""
    return hashlib.sha256(data.replace(digest.encode(), BLANK.encode(), 1)).hexdigest() == digest


def sealed(content: bytes) -> bytes:
    """Return a file's content with its digest at the end, where readers of archives do not look."""
    return content + SEAL + hashlib.sha256(content).hexdigest().encode()


def unsealed(data: bytes) -> bytes:
    """Return the content that was sealed; raise ValueError if a single bit of it, or of the digest, is another."""
    content, seal, digest = data[: -len(SEAL) - 64], data[-len(SEAL) - 64 : -64], data[-64:]
    if seal != SEAL:
        raise ValueError("it has no digest at its end, and may be cut")
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise ValueError("it is not what was saved")
    return content
