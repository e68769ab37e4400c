"""A scan of CBOR item headers (RFC 8949) before anything is decoded.

cbor2 decodes the tags that it knows (dates, fractions, shared references, …) and ignores bytes after the first item,
whatever options it is given. Both are refused here, and indefinite lengths with them: what is left is null, bools,
integers of at most 64 bits, floats, byte and text strings, arrays and maps.
"""

from __future__ import annotations

_SHORT_BYTES = 0x58  # 24 to 255 of them: nearly every entry, and a frame of runs has hundreds in a row


class CborError(Exception):
    """Bytes that are not exactly one plain CBOR item within the limits."""


def check_cbor(data: bytes, *, max_depth: int) -> None:
    """Refuse `data` unless it is exactly one item without tags, no deeper than `max_depth` containers."""
    end = len(data)
    position = 0
    open_items = [1]  # items still to come at each depth
    try:
        while open_items:
            if open_items[-1] == 0:
                open_items.pop()
                continue
            open_items[-1] -= 1
            head = data[position]
            position += 1
            major, argument = head >> 5, head & 31
            if argument >= 24:
                if argument > 27:
                    raise CborError("an indefinite length or a reserved header")
                width = 1 << (argument - 24)
                argument = int.from_bytes(data[position : position + width])
                position += width
                if major == 7 and width == 1:
                    raise CborError("an unknown simple value")
            elif major == 7 and not 20 <= argument <= 22:
                raise CborError("an unknown simple value")
            if major in (2, 3):
                position += argument
            elif major in (4, 5):
                if len(open_items) > max_depth:
                    raise CborError("nested too deeply")
                items = argument * 2 if major == 5 else argument
                if items > end - position:
                    raise CborError("a container longer than the data")
                while items and data[position] == _SHORT_BYTES:
                    position += 2 + data[position + 1]
                    items -= 1
                open_items.append(items)
            elif major == 6:
                raise CborError("a tag")
            if position > end:
                raise CborError("cut short")
    except IndexError:
        raise CborError("cut short") from None
    if position != end:
        raise CborError("bytes after the item")
