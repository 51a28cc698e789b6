"""``python -m api.client``, as ``scripts/tapeline`` runs it."""

from .command.app import main

main()
