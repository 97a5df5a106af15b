"""The tables' history, one file a change in ``versions/``; ``Database.migrate`` applies it."""
