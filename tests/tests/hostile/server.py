"""Listens, says that its header table may have 4 GiB (SETTINGS), and reads every client to the end.

After each read it opens the window of the connection by as much (WINDOW_UPDATE), as a server does: the kernel
side's first budget is refilled whenever the other side speaks.
"""

import socket
import sys
import threading

SETTINGS = bytes([0, 0, 6, 4, 0, 0, 0, 0, 0]) + bytes([0, 1, 0xFF, 0xFF, 0xFF, 0xFF])
WINDOW_UPDATE = bytes([0, 0, 4, 8, 0, 0, 0, 0, 0])


def serve(client):
    try:
        client.sendall(SETTINGS)
        while read := client.recv(1 << 16):
            client.sendall(WINDOW_UPDATE + len(read).to_bytes(4, "big"))
    except ConnectionError:
        pass
    client.close()


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
