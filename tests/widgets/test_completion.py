"""What Tab offers, as plain functions of what is written."""

from __future__ import annotations

from datetime import date

import pytest

from app.widgets import emoji
from app.widgets.completion import Completion, Vocabulary, complete

NAMES = ["carol", "bob", "Bobby"]
WORDS = Vocabulary(
    lambda: NAMES,
    lambda: ["bob", "bob~3f2a9c", "carol?"],
    lambda: date(2026, 3, 1),
    {"/theme": lambda: ["nord", "dracula"]},
)


def offered(before: str) -> list[str]:
    """What would be written with each candidate."""
    found = complete(before, WORDS)
    return [] if found is None else [before[: found.start] + candidate.text for candidate in found.candidates]


def common(before: str) -> str:
    found = complete(before, WORDS)
    assert isinstance(found, Completion)
    return before[: found.start] + found.common


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/he", ["/help"]),
        ("/HE", ["/help"]),
        ("/sea", ["/search "]),
        ("/acc", ["/accept "]),
        ("/accept ", ["/accept bob", "/accept bob~3f2a9c", "/accept carol?"]),
        ("/accept c", ["/accept carol?"]),
        ("/help x", []),
        ("/theme n", ["/theme nord"]),
        ("/notify ", ["/notify off", "/notify mentions", "/notify all"]),
        ("/mute c", ["/mute carol?"]),
        ("/nope x", []),
        ("/date 2026-02-2", [f"/date 2026-02-{day}" for day in (28, 27, 26, 25, 24, 23)]),
        ("/date 2026-03", ["/date 2026-03-01", "/date 2026-03"]),
        ("/search fr", ["/search from:"]),
        ("/search lamp from:c", ["/search lamp from:carol?"]),
        ("/search lamp before:2025", ["/search lamp before:2025"]),
        ("/search s", ["/search since:"]),
        ("/search lamp since:y", ["/search lamp since:yesterday"]),
        ("/search until:t", ["/search until:today", "/search until:tuesday", "/search until:thursday"]),
        ("/date y", ["/date yesterday"]),
        ("/search lamp", []),
        ("//he", []),
        ("hello\n/he", []),
        ("c", ["carol: "]),
        ("BO", ["bob: ", "Bobby: "]),
        ("hello bo", ["hello bob", "hello Bobby"]),
        ("hello (ca", ["hello (carol"]),
        ("hello @ca", ["hello @carol"]),
        ("@", ["@carol", "@bob", "@Bobby"]),
        ("mail@ca", []),
        ("nobody", []),
        ("", []),
        ("hello ", []),
        ("x :tad", ["x 🎉"]),
        ("x:tad", []),
        ("`x :tad", []),
        ("`x` :tad", ["`x` 🎉"]),
        (":", []),
        ("http://host:80", []),
    ],
)
def test_only_what_can_stand_there_is_offered(before: str, after: list[str]) -> None:
    assert offered(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("bo", "bob"),
        ("/ac", "/accept"),
        ("/p", "/peers"),
        (":thumbsu", ":thumbsup"),
        ("/accept b", "/accept bob"),
    ],
)
def test_what_all_candidates_have_in_common_comes_first(before: str, after: str) -> None:
    assert common(before) == after


def test_the_names_that_people_type_most_are_there_and_come_first() -> None:
    assert {emoji.table()[name] for name in ("+1", "thumbsup", "smile", "heart", "tada", "joy", "fire")} <= set(
        "👍😄❤🎉😂🔥"
    )
    assert emoji.matching("smile")[0] == ("smile", "😄")
    assert emoji.matching("heart")[0][0] == "heart"
    assert ("broken_heart", "💔") in emoji.matching("heart")
    assert len(emoji.table()) > 3_000


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (":tada", (0, "🎉")),
        ("yes :TADA", (4, "🎉")),
        ("(:tada", (1, "🎉")),
        ("10:30", None),
        ("`:tada", None),
        (":nope", None),
    ],
)
def test_a_name_is_an_emoji_at_the_beginning_of_a_word_outside_code(before: str, found: tuple[int, str] | None) -> None:
    assert emoji.named(before) == found
