"""What the node tells, and who on the screen is told."""

from __future__ import annotations

from textual.app import App
from textual.message import Message

from app.status import Held, NodeEvent, Notice, Outdated, PeerStatus, Renamed
from app.widgets.backend import ChatBackend
from app.widgets.message_pane import MessagePane
from app.widgets.peer_news import PeerNews
from app.widgets.reading import Reading
from app.widgets.teller import Teller


class NodeTold(Message):
    def __init__(self, event: NodeEvent) -> None:
        super().__init__()
        self.event = event


class NodeNews:
    def __init__(
        self,
        app: App[None],
        backend: ChatBackend,
        *,
        pane: MessagePane,
        peers: PeerNews,
        reading: Reading,
        teller: Teller,
    ) -> None:
        self._app = app
        self._backend = backend
        self._pane = pane
        self._peers = peers
        self._reading = reading
        self._teller = teller

    def hear(self, event: NodeEvent) -> None:
        """Whoever calls this is not in the app's context, which timers need: its own message loop takes over."""
        if isinstance(event, PeerStatus) and not self._peers.expect():
            return
        self._app.post_message(NodeTold(event))

    def told(self, event: NodeEvent) -> None:
        match event:
            case PeerStatus():
                self._peers.show_soon()
            case Notice() as notice:
                self._teller.tell(notice)
            case Outdated(about):
                self._teller.withdraw(about)
            case Held():
                self._pane.held(self._backend.holdings.up_to())
            case Renamed():
                self._pane.renamed()
                self._pane.writes_in(self._backend.log.own_feed)
                self._pane.held(self._backend.holdings.up_to())
                self._reading.renamed()
                self._peers.show()
