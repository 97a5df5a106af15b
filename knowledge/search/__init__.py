"""Search: by relevance to a text, or for what might inspire an answer to a question."""
