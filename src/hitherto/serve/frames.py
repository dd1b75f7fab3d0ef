"""The WebSockets of uvicorn, with a short way for what nearly every message is: a frame that comes whole.

The library's own parser is a generator over a buffer. Whatever is not plain, such as parts of messages, pings or the
close, goes through it, and so does all that follows where a frame was cut.
"""

from typing import TYPE_CHECKING, Literal

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # where the library came without its compiled part
    from websockets.utils import apply_mask

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

__all__ = ["Frames", "frame", "messages"]

Kind = Literal["text", "bytes"]
KINDS: dict[int, Kind] = {0x81: "text", 0x82: "bytes"}  # of the first byte of a message in one frame
PINGS = (0x89, 0x8A)  # and their answers
MASKED = 0x80


class Frames(WebSocketsSansIOProtocol):
    """One connection."""

    plain = False  # whether all that came since the handshake were whole frames

    def data_received(self, data: bytes) -> None:
        fresh = not self.handshake_initiated
        if fresh:
            super().data_received(data)  # the request; plain, where no more comes with it
            self.plain = self.handshake_initiated and data.find(b"\r\n\r\n") == len(data) - 4
            return
        self.plain = self.plain and self.handshake_complete
        came = messages(data, self.config.ws_max_size) if self.plain else None
        if not came:
            self.plain = self.plain and came is not None
            super().data_received(data)
            return
        for kind, content in came:
            self.curr_msg_data_type, self.frames = kind, [content]
            self.send_receive_event_to_app()

    async def send(self, message: "ASGISendEvent") -> None:
        text = message.get("text")
        ready = self.plain and self.handshake_complete and not (self.disconnected or self.close_sent)
        if not isinstance(text, str) or not ready or not self.writable.is_set():
            await super().send(message)
            return
        self.transport.write(frame(text.encode()))


def messages(data: bytes, most: int) -> list[tuple[Kind, bytes]] | None:
    """The messages of these bytes, or none if they are pings; None unless they are whole frames, all of a kind."""
    made: list[tuple[Kind, bytes]] = []
    place, end, pings = 0, len(data), 0
    while place < end:
        if end - place < 6 or not data[place + 1] & MASKED:
            return None
        first, size, begin = data[place], data[place + 1] & 127, place + 2
        if size == 126:
            size, begin = int.from_bytes(data[begin : begin + 2], "big"), begin + 2
            if size < 126:
                return None
        elif size == 127:
            return None
        place = begin + 4 + size
        if place > end or size > most:
            return None
        if first in PINGS:
            pings += 1
        elif first in KINDS:
            made.append((KINDS[first], apply_mask(data[begin + 4 : place], data[begin : begin + 4])))
        else:
            return None
    return None if pings and made else made


def frame(content: bytes) -> bytes:
    """A text in one frame, as a server sends it."""
    size = len(content)
    if size < 126:
        return bytes((0x81, size)) + content
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + content
    return b"\x81\x7f" + size.to_bytes(8, "big") + content
