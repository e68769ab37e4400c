"""Shows how the peers are doing: in their places, in the status bar, beside own messages, as often as one can read."""

from __future__ import annotations

from textual.app import App

from app.status import PeerPhase
from app.widgets import sheets
from app.widgets.backend import ChatBackend
from app.widgets.message_pane import MessagePane
from app.widgets.outbox import Outbox
from app.widgets.peer_places import PeerPlaces
from app.widgets.status_bar import StatusBar

_INTERVAL = 0.25  # seconds: counts of what is missing change with every commit
_RATES_INTERVAL = 1.0


class PeerNews:
    def __init__(
        self,
        app: App[None],
        backend: ChatBackend,
        places: PeerPlaces,
        *,
        pane: MessagePane,
        status_bar: StatusBar,
        outbox: Outbox,
    ) -> None:
        self._app = app
        self._backend = backend
        self._places = places
        self._pane = pane
        self._status_bar = status_bar
        self._outbox = outbox
        self._pending = False
        self._rates_pending = False

    def expect(self) -> bool:
        """Something is new; False if that is known already. Whoever gets True sees to it that `show_soon` is called."""
        expected, self._pending = self._pending, True
        return not expected

    def show_soon(self) -> None:
        self._app.set_timer(_INTERVAL, self.show)

    def show(self) -> None:
        self._pending = False
        peers = self._backend.statuses()
        self._places.show(peers)
        if any(peer.missing or peer.lacking for peer in peers) and not self._rates_pending:
            self._rates_pending = True
            self._app.set_timer(_RATES_INTERVAL, self._show_rates)
        self._pane.held(self._backend.holdings.up_to())
        self.show_summary()
        if sheet := sheets.shown(self._app):
            sheet.update()

    def show_summary(self) -> None:
        peers = self._backend.statuses()
        connected = sum(peer.phase is PeerPhase.CONNECTED for peer in peers)
        self._status_bar.show_summary(connected, len(peers), self._outbox.pending)

    def _show_rates(self) -> None:
        """Nobody tells that a transfer has become slower."""
        self._rates_pending = False
        self.show()
