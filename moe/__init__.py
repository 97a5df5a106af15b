"""A mixture-of-experts model far larger than the memory that it is computed in, and its OpenAI server.

storing/     a checkpoint becomes a store on disk, whole or not at all
recipes/     how experts are kept and computed: exactly, in 8 or 4 bits, or by channels
offloading/  which experts are in memory, which come next, and which make room
gpu/         the same with a device: kernels, pinned memory, copies beside computing
writing/     answers, several at a time, token by token
server/      the OpenAI protocol
"""
