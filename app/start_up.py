"""How the interpreter behaves while the program starts, and how from then on.

- While it starts nothing is garbage: looking for it takes a tenth of the time until the first frame.
- Afterwards what the start made stays for good, and is not looked at again. That leaves little to look at, so Python's
  own thresholds do: rarer collections each take longer, up to 30 ms, which the slowest page in a hundred waited for.
"""

from __future__ import annotations

import gc
import sys

# Python's own 5 ms are what a thread that waits for input waits for its turn while another one computes: the writer of
# a first frame, or the event loop while the storage writer is busy.
_SWITCH_INTERVAL = 0.0005

_kept: set[int] = set()  # numbers of modules


def begin() -> None:
    gc.disable()
    sys.setswitchinterval(_SWITCH_INTERVAL)


def end() -> None:
    """To be called when nobody waits: what it does takes some 20 ms. Later calls do nothing."""
    if not gc.isenabled():
        gc.enable()
        gc.collect()
        gc.freeze()  # full collections of what is there now take 14-22 ms each, which is felt when typing


def keep() -> None:
    """To be called when more was loaded that stays for good. Takes no time. Where nothing was loaded since the last
    call it does nothing: what is garbage at that moment stays for good too."""
    loaded = len(sys.modules)
    if loaded not in _kept and gc.isenabled():
        _kept.add(loaded)
        gc.freeze()
