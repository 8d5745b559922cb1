"""The error of files, and the text in which one is told."""

from __future__ import annotations

from ..errors import OpAlgebraError


class FileError(OpAlgebraError, OSError):
    """A file that cannot be read, or that cannot hold the result."""


def unreadable(path: str, error: object) -> FileError:
    """The error for a file, from what was wrong with it."""
    return FileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
