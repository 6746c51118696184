"""The few system calls Python 3.11 does not offer. Only the standard library."""

import ctypes
import os
import socket
from pathlib import Path

CLONE_NEWNET, CLONE_NEWCGROUP = 0x40000000, 0x02000000
MNT_DETACH = 2
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE, MS_SHARED = 16384, 1 << 18, 1 << 20

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: Path | str, target: Path | str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2); raises OSError naming the target."""
    words = [str(word).encode() for word in (source, target, kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), data.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source}: {os.strerror(number)}", str(target))


def unmount(target: Path | str) -> None:
    """umount2(2), lazily; raises OSError naming the target."""
    if _libc.umount2(str(target).encode(), MNT_DETACH) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"umount: {os.strerror(number)}", str(target))


def unshare(flag: int) -> None:
    """unshare(2): give the calling process a fresh namespace."""
    if _libc.unshare(flag) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")


def bind(source: Path | str, target: Path | str) -> None:
    """Show `source`, with what is mounted below it, at `target`, which must exist."""
    mount(source, target, flags=MS_BIND | MS_REC)


def enter_network(descriptor: int) -> None:
    """Move the calling thread into the network namespace of an open descriptor."""
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def listen_in(network: int, back: int, *, address: str, port: int) -> socket.socket:
    """A listening TCP socket of the network namespace `network`; the thread returns to `back`."""
    enter_network(network)
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
        return listener
    finally:
        enter_network(back)
