"""The full screen: puts the widgets together and carries what happens between them and the node.

- The first frame shows the newest page. The node runs, and all else begins, after it.
- No error shows a traceback: it ends the app, and `failure` keeps it for whoever runs the app.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.driver import Driver
from textual.widgets import Input

from app import start_up
from app.errors import ChatError
from app.mentions import Mentions
from app.moments import since
from app.muting import Muting
from app.settings import Settings
from app.status import NodeEvent, Notice
from app.text import one_line
from app.timeline import Landed, TimelineEntry
from app.view_state import RoomView, Taste
from app.widgets import sheets, theming
from app.widgets.backend import ChatBackend
from app.widgets.background import Background
from app.widgets.caller import Caller
from app.widgets.chat_keys import ChatKeys
from app.widgets.colours import Hues
from app.widgets.composer import Composer, send_keys
from app.widgets.drafting import Drafting
from app.widgets.inputs import Inputs
from app.widgets.key_order import KeyOrder, Round
from app.widgets.keys import Keymap
from app.widgets.looks import Lookout
from app.widgets.message_mode import MessageMode
from app.widgets.message_pane import MessagePane
from app.widgets.node_news import NodeNews, NodeTold
from app.widgets.notice_board import NoticeBoard
from app.widgets.orders import MUTED, Orders
from app.widgets.outbox import Outbox
from app.widgets.pane_scroll_bar import PaneScrollBar
from app.widgets.peer_news import PeerNews
from app.widgets.peer_places import PeerPlaces
from app.widgets.purpose import PurposeLine
from app.widgets.reading import Reading
from app.widgets.scrollback import Scrollback
from app.widgets.status_bar import StatusBar
from app.widgets.teller import Teller
from app.widgets.terminal import HungUp

if TYPE_CHECKING:
    from app.widgets.completion import Vocabulary

_LAST_WORDS = 3.0  # seconds for messages on their way to the disk, and for the node's goodbye


class ChatApp(ChatKeys):
    CSS_PATH = Path(__file__).parent.parent / "chat.tcss"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = "#composer"

    def __init__(
        self,
        backend: ChatBackend,
        *,
        draft: str = "",
        view: RoomView | None = None,
        taste: Taste | None = None,
        settings: Settings | None = None,
        zone: tzinfo | None = None,
        wall: Callable[[], int] = lambda: time.time_ns() // 1000,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """draft: what the composer begins with; view, taste: what is remembered of earlier starts; settings: those
        of config.toml; zone: in which times are shown, None for the computer's own; wall: microseconds since 1970."""
        self.taste = taste or Taste()
        super().__init__(theme=self.taste.theme, driver_class=driver_class)
        self._backend = backend
        self._timeline = backend.log
        self._frontier = self._timeline.frontier()  # before the first page is read: what lands in between comes twice
        self._scrollback = Scrollback(self._timeline, zone=zone, names=backend.people)
        self._outbox = Outbox(backend.send, saved=self._on_saved, failed=self._on_not_saved)
        self._inputs = Inputs(self._timeline)
        self.view = view or RoomView()
        self._drafting = Drafting(draft, self.view)
        self._mentions = Mentions(backend.me)
        self._scrollback.look_out(Lookout(self._mentions, muted=self.view.muted))
        self._muting = Muting(self._timeline.author, backend.people, self.view, MUTED)
        self.settings = settings or Settings()
        self._chosen_keys: Keymap = {}
        self._problems = list(self.settings.problems)
        if self.settings.keys:
            self._choose_keys()
        self.to_keep = asyncio.Event()  # set with each change of the draft, the view or the taste
        self._key_order = KeyOrder(self, self._hand_on)
        self._zone = zone
        self._wall = wall
        self._background = Background(
            self, backend, self._frontier, landed=self._landed, told=self._on_node_event, failed=self.fail
        )

    def _choose_keys(self) -> None:
        from app.widgets import key_table, keymap

        self._chosen_keys, problems = keymap.check(self.settings.keys, key_table.sections(self.BINDINGS))
        self._problems += problems

    def compose(self) -> ComposeResult:
        peers = self._backend.statuses()
        self._peers = PeerPlaces(peers, self._moment, self.taste)
        self._pane = MessagePane(
            self._scrollback,
            self._timeline.own_feed,
            Hues(self.view.hues),
            sheets.hints(self._backend, peers),
            id="messages",
        )
        self._scroll_bar = PaneScrollBar(id="scrollbar")
        self._notice_board = NoticeBoard(id="notices")
        self._status_bar = StatusBar(self._backend.me, self._backend.room, id="status")
        self._teller = Teller(self._status_bar, self._notice_board)
        self._news = PeerNews(
            self,
            self._backend,
            self._peers,
            pane=self._pane,
            status_bar=self._status_bar,
            outbox=self._outbox,
        )
        self._purpose_line = PurposeLine(id="purpose")
        self._composer = Composer(
            self._submit,
            self._teller.refuse,
            self._inputs,
            self._purpose_line,
            self._vocabulary,
            keymap=self._chosen_keys,
            placeholder=f"Write a message, {send_keys(self._chosen_keys)} sends",
            id="composer",
        )
        self._message_mode = MessageMode(
            self._backend,
            self._outbox,
            self._pane,
            self._composer,
            self._purpose_line,
            copy=self._copy,
            answer=self._teller.answer,
            zone=self._zone,
            keymap=self._chosen_keys,
            wall=self._wall,
        )
        self._reading = Reading(
            self._backend,
            self._pane,
            self._status_bar,
            self._teller,
            self.view,
            changed=self._reading_changed,
            zone=self._zone,
        )
        self._node_news = NodeNews(
            self,
            self._backend,
            pane=self._pane,
            peers=self._news,
            reading=self._reading,
            teller=self._teller,
        )
        self._caller = Caller(
            self,
            self._backend,
            self._pane,
            self._reading.presence,
            mentions=self._mentions,
            view=self.view,
            taste=self.taste,
            usual=self.settings.notify,
            write=self.write_to_terminal,
        )
        self._orders = Orders(
            self,
            self._backend,
            bindings=self.BINDINGS,
            keymap=self._chosen_keys,
            outbox=self._outbox,
            inputs=self._inputs,
            teller=self._teller,
            pane=self._pane,
            composer=self._composer,
            message_mode=self._message_mode,
            reading=self._reading,
            muting=self._muting,
            caller=self._caller,
            zone=self._zone,
            moment=self._moment,
            choose_theme=lambda name: theming.choose(self, name, self._keep_theme),
            leave=self.action_leave,
            changed=self.to_keep.set,
            sent=self._news.show_summary,
        )
        yield self._peers.bar
        with Horizontal(id="room") as self._room:
            yield self._pane
            yield self._scroll_bar
        yield self._notice_board
        yield self._status_bar
        yield self._purpose_line
        yield self._composer

    def _vocabulary(self) -> Vocabulary:
        from app.widgets.vocabulary import vocabulary  # not before somebody completes

        return vocabulary(self._backend, self._zone, {"/theme": lambda: sorted(self.available_themes)})

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            self._timeline.courtesy.person_acts()
            if self._background.begun:
                self._reading.acts()
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._key_order.take(event)
        else:
            await super().on_event(event)

    async def _hand_on(self, event: events.Event) -> None:
        if isinstance(event, events.Paste):
            self.app_focus = True  # Textual gives keys and clicks to what had the focus, and drops what is pasted
            if self.is_running and not self.screen.is_modal:
                self.screen.set_focus(self._composer)
        await super().on_event(event)

    async def on_round(self, event: Round) -> None:
        await self._key_order.came(event.number)

    def on_mount(self) -> None:
        self._peers.place(self.size.width, self._room)
        self.set_keymap(self._chosen_keys)
        self._drafting.begin(self._composer, self._message_mode)
        self._pane.held(self._backend.holdings.up_to())
        self._news.show()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """All that need not be there for the first frame."""
        self.begin_in_terminal()
        self._show_title()
        if not self._background.begun:
            self._background.begin()
            start_up.end()
            if self.is_running:  # not if one leaves in the moment of the first frame
                self.screen_change_signal.subscribe(self, lambda _: self.call_after_refresh(self._place_cursor))
            self._reading.begin()
            for problem in self._problems:
                self._teller.tell(Notice(problem, urgent=True))

    def _landed(self, landed: Landed) -> None:
        self._reading.landed(landed)
        if landed.others:
            self._pane.flooded()
        else:
            self._pane.landed(landed.entries)
            self._caller.landed(landed.entries)

    async def settle(self) -> None:
        """After the screen is gone: let what was sent reach the disk and the node say goodbye."""
        await self._outbox.settle(_LAST_WORDS)
        await self._background.end(_LAST_WORDS)
        await self._outbox.settle(_LAST_WORDS)  # what waited for the node: if it cannot be saved, it is a draft

    @property
    def draft(self) -> str:
        return self._drafting.draft

    # what the person does

    def _submit(self, text: str) -> bool:
        return self._orders.submit(text)

    def _keep_theme(self, name: str) -> None:
        self.taste.theme = name
        self.to_keep.set()

    def on_resize(self, event: events.Resize) -> None:
        self._peers.place(event.size.width, self._room)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is self._composer is self.focused:  # told later than it was: by now it may be the pane
            self._message_mode.composer_focused()

    def on_message_pane_chosen(self, event: MessagePane.Chosen) -> None:
        try:
            self._message_mode.choose(event.what, event.entry)
        except ChatError as error:
            self._teller.refuse(str(error))

    def on_message_pane_pointed(self) -> None:
        self._message_mode.pointed()

    def on_message_pane_numbered(self, event: MessagePane.Numbered) -> None:
        self._message_mode.choose_number(event.number)

    def on_message_pane_followed(self, event: MessagePane.Followed) -> None:
        self._message_mode.follow(event.address)

    def action_leave(self) -> None:
        from app.widgets.leaving import LeaveScreen, only_here  # not before somebody leaves

        count = partial(only_here, self._backend, self._frontier, self._outbox)
        if count() and not isinstance(self.screen, LeaveScreen):
            self.push_screen(LeaveScreen(count, self._backend.statuses))
        else:
            self.leave()

    def about_to_end(self) -> None:
        self._drafting.keep()

    # what happens

    def on_text_area_changed(self) -> None:
        self._drafting.keep()
        self.to_keep.set()
        self._status_bar.show_length(self._composer.length())

    def _on_saved(self, entry: TimelineEntry) -> None:
        if self.is_running:
            if entry.entry.shown:  # what was changed or reacted to may be far from the end
                self._pane.to_end()
            self._news.show_summary()

    def _on_not_saved(self, text: str, error: BaseException) -> None:
        if not self.is_running:
            self._drafting.add(text)
            return
        why = str(error) if isinstance(error, ChatError) else "the message could not be saved"
        if text:
            self._composer.restore(text)
            why = f"{why} (your text is back in the composer)"
        self._teller.refuse(why)
        self._news.show_summary()

    def _on_node_event(self, event: NodeEvent) -> None:
        self._node_news.hear(event)

    def on_node_told(self, message: NodeTold) -> None:
        self._node_news.told(message.event)

    def on_message_pane_moved(self) -> None:
        self._scroll_bar.show(self._pane.extent())
        self._reading.look()

    def on_message_pane_original_sought(self, event: MessagePane.OriginalSought) -> None:
        self._reading.to_original(event.answer)

    def on_pane_scroll_bar_moved(self, event: PaneScrollBar.Moved) -> None:
        self._pane.drag_to(event.position)

    def on_pane_scroll_bar_paged(self, event: PaneScrollBar.Paged) -> None:
        if event.down:
            self._pane.page_down()
        else:
            self._pane.page_up()

    def on_app_focus(self) -> None:
        self._reading.comes()

    def on_app_blur(self) -> None:
        self._reading.goes()

    def on_hung_up(self, _: HungUp) -> None:
        self.leave()

    def _place_cursor(self) -> None:
        """The terminal's own one, where letters go; nowhere on a sheet that is only read."""
        self.show_cursor(isinstance(self.focused, Input) or not self.screen.is_modal)
        self._composer.place_cursor()
        self._pane.place_cursor()

    # what is shown

    def _moment(self, time: int) -> str:
        return since(time, self._wall(), self._zone)

    def _reading_changed(self) -> None:
        self.to_keep.set()
        self._show_title()

    def _show_title(self) -> None:
        unread = self._reading.unread
        self.show_title(one_line(f"({unread:,}) " if unread else "") + one_line(f"{self._backend.room} · chat-tui"))
