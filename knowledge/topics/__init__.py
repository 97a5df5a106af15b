"""A collection's topics: a tree that grows from its papers and keeps what people correct in it.

``building`` grows a tree, ``placing`` gives papers a place in it that came since.
"""
