"""How the interpreter behaves while the program starts, and how from then on.

- While it starts nothing is garbage: looking for it takes a tenth of the time until the first frame.
- Afterwards what the start made stays for good, and is not looked at again.
"""

from __future__ import annotations

import gc
import sys

# Young collections at 10,000 objects take less than a millisecond; at 50,000 they let 13 MiB more pile up while paging.
_THRESHOLDS = (10_000, 20, 100)
# Python's own 5 ms are what a thread that waits for input waits for its turn while another one computes: the writer of
# a first frame, or the event loop while the storage writer is busy.
_SWITCH_INTERVAL = 0.0005


def begin() -> None:
    gc.disable()
    sys.setswitchinterval(_SWITCH_INTERVAL)


def end() -> None:
    """To be called when nobody waits: what it does takes some 20 ms. Later calls do nothing."""
    if not gc.isenabled():
        gc.enable()
        gc.collect()
        gc.freeze()  # full collections of what is there now take 14-22 ms each, which is felt when typing
        gc.set_threshold(*_THRESHOLDS)
