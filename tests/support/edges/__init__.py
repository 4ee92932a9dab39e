"""Stand-ins for the vendors' APIs: they refuse what the vendor refuses, and keep what its cache would keep."""
