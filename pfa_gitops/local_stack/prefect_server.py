"""Prefect's own server, that stands still less often on SQLite: `python -m pfa_gitops.local_stack.prefect_server`.

It takes the arguments of `prefect server start`. The one difference is where Python's garbage is collected. A write
that SQLite refuses leaves its cursor to the garbage collector. Freeing that cursor waits for its connection, which may
at that moment wait up to 60 s (Prefect's busy_timeout) for another connection's transaction. In the thread of the
event loop that is a deadlock for as long, as the other transaction ends in the event loop. Twelve clients that write
at once had 1 to 4 requests per second that way, and have 58 with a thread of its own for the garbage (Prefect 3.8.8).
"""

import gc
import runpy
import sys
import threading
import time

COLLECT_EVERY_S = 5.0
_YOUNG = 1
"""The generation of what was made since the last round. The server's hundred thousands of old objects take a second."""
_ROUNDS_OF_THE_YOUNG = 60


def collect_garbage_in_a_thread() -> None:
    """Take garbage collection out of the threads that allocate, for the rest of this process."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    while True:
        for _ in range(_ROUNDS_OF_THE_YOUNG):
            time.sleep(COLLECT_EVERY_S)
            gc.collect(_YOUNG)
        gc.collect()


def main() -> None:
    """Start Prefect's server in the foreground."""
    collect_garbage_in_a_thread()
    sys.argv[1:1] = ["server", "start"]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
