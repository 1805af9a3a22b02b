"""A loopback server of answers that were encoded beforehand, in a process of its own: what is measured is the reader.

    python -m bench.server MODELS

It prints its address once everything is ready, and ends with its standard input. GET /use/NAME chooses the list.
"""

import re
import socket
import sys
import threading

from bench import hub, lists

_CURSOR = re.compile(rb"[?&](?:after_id|cursor)=([^& ]*)")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"


class Server:
    """Holds every answer as the bytes that go over the wire."""

    def __init__(self, models: int, names: list[str]) -> None:
        self.lists = {name: self._answers(name, models) for name in names}
        self.current = self.lists[names[0]]

    def _answers(self, name: str, models: int) -> dict[bytes, bytes]:
        answers, cursor = {}, b""
        for page in (hub if name.startswith("hub") else lists).pages(name, models):
            answers[cursor] = _HEAD % (page.head, len(page.body)) + page.body
            cursor = page.last_id.encode()
        return answers

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        waiting = b""
        with connection:
            while received := connection.recv(65536):
                waiting += received
                while b"\r\n\r\n" in waiting:
                    request, _, waiting = waiting.partition(b"\r\n\r\n")
                    connection.sendall(self.answer(request.split(b"\r\n", 1)[0]))

    def answer(self, line: bytes) -> bytes:
        target = line.split(b" ")[1]
        if target.startswith(b"/use/"):
            self.current = self.lists[target[5:].decode()]
            return _HEAD % (b"", 2) + b"{}"
        cursor = _CURSOR.search(target)
        return self.current[cursor[1] if cursor else b""]


def main() -> None:
    models, *names = sys.argv[1:]
    server = Server(int(models), names or ["same"])
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
