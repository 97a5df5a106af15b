"""The ``touchstone`` command: it calls a room and prints."""
