"""The observer: sees to it that every run of the pool ends rightly and that no job outlives its run.

    read ─▶ Sight ─ decide ─▶ Actions ─ act ─▶ Prefect, Anyscale, Ray

It keeps nothing that it could not read again, so that any worker of the pool goes on where another one stopped. Two
observers may see the same at the same time: each action is safe to do twice.
"""
