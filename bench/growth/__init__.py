"""How each cost grows: the same figures at several sizes, side by side. What they say is in docs/explanation/capacity.md."""
