"""The commands: parse flags, call, print, exit."""
