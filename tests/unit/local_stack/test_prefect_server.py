"""Garbage is collected in a thread of its own, in a process that this test starts, as it is for the whole process."""

import subprocess
import sys

CYCLE = """
import gc, threading, time, weakref
from pfa_gitops.local_stack import prefect_server

class Cycle: pass
prefect_server.COLLECT_EVERY_S = 0.05
prefect_server.collect_garbage_in_a_thread()
freed_in = []
cycle = Cycle()
cycle.itself = cycle
weakref.finalize(cycle, lambda: freed_in.append(threading.current_thread().name))
del cycle
many = [[i] for i in range(10000)]  # what starts a collection otherwise
end = time.monotonic() + 30
while not freed_in and time.monotonic() < end:
    time.sleep(0.01)
print(gc.isenabled(), freed_in)
"""


def test_garbage_is_freed_and_not_in_the_thread_that_made_it():
    done = subprocess.run([sys.executable, "-c", CYCLE], check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout == "False ['garbage']\n", done.stderr
