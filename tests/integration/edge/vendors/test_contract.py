"""The port's suite, over each vendor's own client."""

from tests.contracts.ports.edge_purger import EdgePurgerSuite


class TestVendorsEdges(EdgePurgerSuite):
    """Cloudflare, CloudFront and Fastly."""
