"""Processes that outlive who started them: known again by pid and start time, ended as a group or by a mark.

A leaf: it imports nothing of ours.
"""
