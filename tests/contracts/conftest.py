from tests.loopback.fixtures import loopback, loopback_server

__all__ = ["loopback", "loopback_server"]
