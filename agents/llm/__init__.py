"""Asking a language model: the client, the answers' forms, and the ledger of what was paid for."""
