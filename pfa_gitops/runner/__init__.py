"""The job runner: what runs inside Prefect workers and Anyscale jobs.

Imports nothing, so that a job's first process, `execute`, starts quickly. The blocks are in `blocks`, the worker in
`worker`; Prefect finds both through `collection`.
"""
