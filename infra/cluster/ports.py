"""Ports on the host's loopback: free, or held by whom."""

import socket

import psutil

from infra.lib.errors import Exit, SlipwayError

ADDRESS = "127.0.0.1"


def free(port: int) -> bool:
    """Whether a listener on 127.0.0.1:`port` could be opened now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """The process that listens on `port`, in words."""
    for connection in psutil.net_connections(kind="tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if not connection.pid:
                continue
            try:
                process = psutil.Process(connection.pid)
                command = " ".join(process.cmdline())[:80] or process.name()
            except psutil.Error:
                continue
            return f"process {connection.pid} ({command})"
    return "a process that cannot be seen"


def taken(port: int) -> SlipwayError:
    """The port belongs to somebody else."""
    return SlipwayError(
        f"port {port} of 127.0.0.1 is held by {holder(port)}",
        hint=f"SLIPWAY_PORT={port + 1} make up",
        code=Exit.MISSING,
    )
