"""How experts are kept and computed: exactly, in 8 or 4 bits, or by channels as FloE does."""
