"""Memory: large blocks go back to the system when done with; what stays is not looked through for garbage."""

from __future__ import annotations

import ctypes
import gc
import sys

#: Blocks from here on are mapped one by one: states of chains, of tens of MB, must not leave holes in the heap.
MAPPED_BYTES = 4 << 20
ARENAS = 2  #: heaps that threads share; one for each would keep the largest that each thread ever took
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8


def give_back() -> bool:
    """Tell the C library's allocator; whether it took it. Where it is not glibc, nothing is done.

    Notes
    -----
    By itself glibc raises the threshold to the largest block that was ever freed (mallopt(3)), so that a service's
    snapshots end up in the heap and stay there.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)) and bool(mallopt(_M_ARENA_MAX, ARENAS))


def settle() -> None:
    """Drop garbage now, and never look again at what is left: modules, kernels, the service's own parts.

    Notes
    -----
    A full collection stops every thread for as long as it walks all objects, half a second with the compiled kernels
    loaded. After this it walks what has come since (`gc.freeze`). Before a fork it also keeps their pages shared.
    """
    gc.collect()
    gc.freeze()
