"""Real nodes behind a real load balancer, and real servers under them: killed, frozen and cut off while people talk.

`make chaos` keeps a history of what was sent, acknowledged and seen, and looks afterwards whether a word of it is wrong.
"""
