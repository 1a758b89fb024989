"""A local Anyscale: an HTTP server that the unmodified ``anyscale`` SDK and CLI accept.

It imports nothing of ours but `processes`, which knows no wire, nor anyscale, nor prefect: what it knows of the wire
was written down by hand, so that a mistake in our client cannot stand on both sides unseen.

What is real: jobs are processes in the uploaded working directory, services run under Ray Serve, state is in SQLite.
What is recorded only: instance types, images and containerfiles (nothing is built), ``pip`` of a runtime environment
(nothing is installed: everything runs with the emulator's own interpreter), ``query_auth_token_enabled`` (a token is
issued, never checked).

Where the real backend's behaviour is unknown the module that decides says so.
"""
