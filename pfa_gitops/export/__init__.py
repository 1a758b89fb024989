"""Live objects → manifests that say the same. Reads only."""
