"""Which experts and channels are in memory, which come next, and which make room for them."""
