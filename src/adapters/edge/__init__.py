"""Purging the shared HTTP caches by surrogate key. A module is imported only when ONELAST_EDGE names it."""
