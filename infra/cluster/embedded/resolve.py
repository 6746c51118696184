"""Asks the instance's DNS for a name, from inside its network: `python -S -m ... SERVER NAME SECONDS`.

Ends with 0 and prints the address, or with 1. Only the standard library.
"""

import socket
import struct
import sys
import time

ID = 0x51A9


def question(name: str) -> bytes:
    """A query for the A record of `name`."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", ID, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)


def address(answer: bytes) -> str:
    """The address in an answer's last four bytes; empty when it has no answer record."""
    number, _, _, answers = struct.unpack(">HHHH", answer[:8])
    return socket.inet_ntoa(answer[-4:]) if number == ID and answers else ""


def main(arguments: list[str]) -> int:
    """Ask until there is an answer."""
    server, name, seconds = arguments
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            try:
                client.sendto(question(name), (server, 53))
                if found := address(client.recv(512)):
                    sys.stdout.write(found + "\n")
                    return 0
            except OSError:
                pass
        time.sleep(0.1)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
