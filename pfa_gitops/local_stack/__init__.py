"""The local stack: a real Prefect server and the Anyscale emulator on this machine.

Both are child processes that outlive the command which started them. Imports
nothing of ours but `model` and `processes`.
"""
