"""A store on disk: read from a checkpoint, written whole or not at all, read past the page cache."""
