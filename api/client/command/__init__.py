"""The command ``tapeline``, a file for each of its parts."""
