"""Answers, several at a time: prompts, tokens drawn, grammars, and the thread that computes them."""
