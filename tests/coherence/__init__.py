"""Readings and writes over real nodes and servers while lines break, nodes freeze and Valkey comes and goes.

`make coherence` notes what was acknowledged and what was read, and looks afterwards whether anybody read what was too old.
"""
