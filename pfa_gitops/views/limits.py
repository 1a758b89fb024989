"""How long a text may be where people read it. Pure."""

COMMENT_LIMIT = 65_536
"""Characters that GitHub takes in a comment."""
SUMMARY_LIMIT = 349_000
"""Characters of a Markdown file: whatever they are, they fit into the 1 MiB that GitHub takes for a step's summary."""
