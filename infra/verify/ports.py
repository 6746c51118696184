"""Free ports on loopback."""

import socket


def free_port() -> int:
    """A port nobody listens on now; the kernel hands out another one to the next caller."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
