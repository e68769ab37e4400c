"""Every error that a person can meet, as one small tree; `str(error)` is the sentence that they read.

ChatError                   exit status 1
├── UsageError              what was typed is wrong; says what to type instead (exit status 2)
├── IdentityError           the key file is missing, unreadable or open to others
│   └── WrongPassphraseError  it opens with another passphrase
├── StorageError            the database cannot be used; nothing in it was changed
│   ├── LockedError         another process has it open
│   ├── DamagedError        it is not what it should be: `chat-tui check` says where
│   ├── NewerSchemaError    a newer chat-tui wrote it
│   ├── ReadOnlyError       the folder or file cannot be written
│   └── DiskFullError       no space (or quota) left; what was typed is still in the composer
├── ParcelError             a file that was carried here is cut short, damaged, or none of ours
├── StoppedError            a person stopped it; says what was done until then (exit status 130)
├── LocalEntryError         own input that cannot become an entry (too long, empty)
└── RemoteError             a peer broke a rule; that peer is dropped, nothing of it is kept
    ├── ProtocolError       bytes that are no valid frame, or a frame that is not allowed here
    └── InvalidRunError     entries whose chain or signature does not hold
"""

from __future__ import annotations

from typing import ClassVar


class ChatError(Exception):
    """A sentence for a person, and the exit status of a program that ends with it."""

    exit_status: ClassVar[int] = 1


class UsageError(ChatError):
    exit_status = 2


class IdentityError(ChatError):
    pass


class WrongPassphraseError(IdentityError):
    pass


class StorageError(ChatError):
    pass


class LockedError(StorageError):
    pass


class DamagedError(StorageError):
    pass


class NewerSchemaError(StorageError):
    pass


class ReadOnlyError(StorageError):
    pass


class DiskFullError(StorageError):
    pass


class ParcelError(ChatError):
    pass


class StoppedError(ChatError):
    exit_status = 130  # as shells tell of who ended by Ctrl+C


class LocalEntryError(ChatError):
    pass


class RemoteError(ChatError):
    pass


class ProtocolError(RemoteError):
    pass


class InvalidRunError(RemoteError):
    pass
