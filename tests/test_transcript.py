"""A room written for people: in reading order, as it stands now, and harmless."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from app.amendments import Deletion, Edit, Reaction
from app.command import ExportFormat
from app.entry import KIND_REPLY, encode_reference
from app.people import People
from app.storage.log import Log
from app.transcript import write_transcript
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    room = RoomOfAlice(tmp_path)
    log = room.open()
    bob = TestAuthor("bob", start=START)
    bob.entries(["coffee?", "two\nlines", "<b>bold</b> & \x1b[2J\u202etxet", "gone"], step=SECOND)
    bob.write(KIND_REPLY, [encode_reference(bob.reference(2)), "yes"])
    bob.write(2, "a day later", time=START + 86_400 * SECOND)
    bob.amend(Edit(bob.reference(2), "tea?"))
    bob.amend(Deletion(bob.reference(5)))
    bob.amend(Reaction(bob.reference(3), "👍", True))
    log.ingest(bob.runs()).result()
    yield log
    room.close()


def written(log: Log, form: ExportFormat) -> str:
    people = People(log.author, "alice", records=log.peers, authors=log.authors)
    told: list[tuple[int, int]] = []
    file = io.BytesIO()
    number = write_transcript(
        file, log, people, form=form, room="main", progress=lambda *done: told.append(done), zone=UTC
    )
    assert number == log.count()
    assert told[-1:] == [(number, number)]
    return file.getvalue().decode()


def test_text_has_days_times_names_answers_and_what_became_of_messages(log: Log) -> None:
    assert written(log, ExportFormat.TEXT) == (
        "— 2023-11-14 —\n"
        "22:13:21  bob?: tea?  (changed)\n"
        "22:13:22  bob?: two\n          lines  👍 1\n"
        "22:13:23  bob?: <b>bold</b> & \ufffd[2Jtxet\n"
        "22:13:24  bob?: [deleted by its author]\n"
        "22:13:25  bob?: (to bob?: “tea?”) yes\n"
        "— 2023-11-15 —\n"
        "22:13:20  bob?: a day later\n"
    )


def test_a_page_has_no_markup_but_its_own_and_loads_nothing(log: Log) -> None:
    page = written(log, ExportFormat.HTML)
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; \ufffd[2Jtxet" in page
    assert "default-src 'none'" in page
    assert not any(sign in page for sign in ("<script", "src=", "href=", "url(", "\x1b", "\u202e"))
    assert page.endswith("</body>\n</html>\n")


def test_on_a_page_every_word_by_others_stands_apart_in_its_own_direction(log: Log) -> None:
    hebrew = TestAuthor("שרה", start=START)
    hebrew.entries(["שלום 123 (a)"], step=SECOND)
    hebrew.write(KIND_REPLY, [encode_reference(hebrew.reference(2)), "כן"])
    hebrew.amend(Reaction(hebrew.reference(2), "א", True))
    log.ingest(hebrew.runs()).result()
    page = written(log, ExportFormat.HTML)
    assert "<b><bdi>שרה?</bdi></b> <bdi>שלום 123 (a)</bdi> <small><bdi>א 1</bdi></small>" in page
    assert "(to <bdi>שרה?</bdi>: “<bdi>שלום 123 (a)</bdi>”)" in page
    assert re.search("[א-ת]", re.sub("<bdi>[^<]*</bdi>", "", page)) is None


def test_json_lines_are_those_of_line_mode(log: Log) -> None:
    lines = [json.loads(line) for line in written(log, ExportFormat.JSONL).splitlines()]
    assert [line.get("text") for line in lines] == [
        "tea?",
        "two\nlines",
        "<b>bold</b> & \x1b[2J\u202etxet",
        "",
        "yes",
        "a day later",
    ]
    assert lines[3]["deleted"] is True
    assert lines[4]["answers"]["seq"] == 2
    assert {line["type"] for line in lines} == {"message"}


def test_an_empty_room_is_an_empty_file(tmp_path: Path) -> None:
    room = RoomOfAlice(tmp_path)
    empty = room.open()
    people = People(empty.author, "alice", records=empty.peers, authors=empty.authors)
    file = io.BytesIO()
    assert write_transcript(file, empty, people, form=ExportFormat.TEXT, room="main", progress=print) == 0
    assert file.getvalue() == b""
    room.close()
