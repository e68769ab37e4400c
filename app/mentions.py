"""Where a text speaks of somebody: the name as a word of its own, in any case, with or without an `@`.

- A name that is a common word too, such as `will`, would be found in most messages. It counts as `@will`, and where
  a line begins with it as one speaks to somebody: `will: tea?` or `Will, tea?`
"""

from __future__ import annotations

import re

MAX_MENTIONS = 100  # marked in one message
# Given names that are said more often as words, and names that people give to what they try out.
_WORDS = """
    admin al alba all amber an angel april art as ash at august autumn be bill brook bud by can carry chance chase
    chip clay cliff crystal dale dawn day dean destiny do drew earl ernst eve faith fox frank ginger go grace grant
    guest guy happy hazel he hi holly home honor hope hunter if in iris is it ivy jade jay joy june justice king kit
    lance lane lily love luz mar marine mark mason max may me mercy merry miles my no norm of oh ok olive on or page
    patience paz pearl penny pi pierce pierre poppy prince queen ray reed reich rich river rob robin rock rosa rose
    royal ruby rusty sage sandy scout skip sky so sol star stone storm sue summer sunny test to trip up us user van
    violet wade ward we west will winter wolf wren you
"""


class Mentions:
    """Of one name."""

    def __init__(self, name: str) -> None:
        self._folded = name.casefold()
        # Not within longer names, addresses and paths: alice-2, alice@x.example, /home/alice, alice.txt.
        before, after = r"(?<![\w@/])(?<!\w[-.])", r"(?!\w|[-@/]\w|/|\.\w)"
        if self._folded in _WORDS.split() or len(name) == 1:
            pattern = rf"{before}@{re.escape(name)}{after}|^{re.escape(name)}(?=[:,](?:\s|$))"
        else:
            pattern = rf"{before}@?{re.escape(name)}{after}"
        self._find_all = re.compile(pattern, re.IGNORECASE | re.MULTILINE).finditer

    def __contains__(self, text: str) -> bool:
        # Looking for it anywhere first takes a tenth of the time, and most messages have it nowhere.
        return self._folded in text.casefold() and next(self._find_all(text), None) is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for match in self._find_all(text):
            found.append(match.span())
            if len(found) == MAX_MENTIONS:
                break
        return found
