"""Other tools' files → manifests, and a report of what cannot be carried over. Runs none of what it reads."""
