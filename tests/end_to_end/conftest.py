from tests.end_to_end.memory_keyring import memory_keyring, no_keyring
from tests.loopback.fixtures import loopback, loopback_server

__all__ = ["loopback", "loopback_server", "memory_keyring", "no_keyring"]
