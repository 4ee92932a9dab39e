"""A layer of cache in a folder."""
