"""Jobs that a flow triggers and waits for: the trade of the block `AnyscaleJob` in a flow's process. No worker is here.

Nothing of the runner but `blocks` imports it.
"""
