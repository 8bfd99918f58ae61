from tests.loopback.fixtures import loopback, loopback_server
from tests.workstation.simulation.conftest import saved_markets

__all__ = ["loopback", "loopback_server", "saved_markets"]
