"""A mixture-of-experts model on a GPU too small for it; so far the mathematics of one expert."""
