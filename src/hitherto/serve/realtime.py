"""Transcription while one speaks, over a WebSocket, as OpenAI's Realtime API has it: a client needs another address.

    session.update                  the model, and the format of the audio: PCM of 16 bits, 24,000 samples a second
    input_audio_buffer.append       more audio, in base64: ...transcription.delta, as the text becomes final
    input_audio_buffer.commit       the end of what was said: ...transcription.completed
    input_audio_buffer.clear        forget what was not committed

The API has no way to go on after a connection has ended, so that its state is in memory; a session over
`/v1/models/{model}/stream` lives on. The older names of these events, `transcription_session.update`, are understood.
"""

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from hitherto.codecs.audio import AudioCodec
from hitherto.media.sound import Sound
from hitherto.plan import streams
from hitherto.serve.openai import model_for
from hitherto.serve.refusals import Refused, said_of
from hitherto.serve.sockets import POLICY, admitted
from hitherto.tasks.base import Options
from hitherto.tasks.streams import Stream

if TYPE_CHECKING:
    from hitherto.serve.app import Server

__all__ = ["Realtime"]

RATE = 24_000
KEY = "openai-insecure-api-key."  # of the subprotocol by which a browser gives its key
ITEM = "conversation.item"
HEARD = f"{ITEM}.input_audio_transcription"


class Transcription(msgspec.Struct):
    """What transcribes."""

    model: str | None = None
    prompt: Literal[""] | None = None


class Format(msgspec.Struct):
    """How audio comes."""

    type: Literal["audio/pcm"] = "audio/pcm"
    rate: Literal[24000] = 24000


class Input(msgspec.Struct):
    """What is heard; there is neither turn detection nor noise reduction."""

    format: Format | None = None
    transcription: Transcription | None = None
    turn_detection: None = None
    noise_reduction: None = None


class Audio(msgspec.Struct):
    """The audio of a session: input alone."""

    input: Input | None = None


class Session(msgspec.Struct):
    """How to transcribe."""

    type: Literal["transcription"] = "transcription"
    audio: Audio | None = None


class OlderSession(msgspec.Struct):
    """The same, as the API had it before."""

    input_audio_format: Literal["pcm16"] = "pcm16"
    input_audio_transcription: Transcription | None = None
    turn_detection: None = None
    input_audio_noise_reduction: None = None


class Event(msgspec.Struct, tag_field="type"):
    """What a client says."""

    event_id: str | None = None


class Update(Event, tag="session.update"):
    """Say how to transcribe."""

    session: Session = msgspec.field(default_factory=Session)


class OlderUpdate(Event, tag="transcription_session.update"):
    """Say how to transcribe, in the API's older words."""

    session: OlderSession = msgspec.field(default_factory=OlderSession)


class Append(Event, tag="input_audio_buffer.append"):
    """More audio."""

    audio: str = ""


class Commit(Event, tag="input_audio_buffer.commit"):
    """The end of what was said."""


class Clear(Event, tag="input_audio_buffer.clear"):
    """Forget what was not committed."""


_events = msgspec.json.Decoder(Update | OlderUpdate | Append | Commit | Clear)


class Realtime:
    """The WebSockets of this API."""

    def __init__(self, server: "Server") -> None:
        self.server = server

    async def run(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        async with admitted(self.server, socket, "realtime", _key(socket)) as owner:
            if owner is None:
                return
            call = _Call(self.server, socket)
            try:
                await call.begin(socket.query_params.get("model"))
                while True:
                    await call.answer(await socket.receive_text())
            except (WebSocketDisconnect, KeyError):  # KeyError: a message of bytes, which this API has not
                return
            except Exception as error:
                await call.failed(error, None)
                await socket.close(POLICY)


class _Call:
    """One connection: its stream, and the item that is being said."""

    def __init__(self, server: "Server", socket: WebSocket) -> None:
        self.server, self.socket = server, socket
        self.id, self.name = _id("sess"), ""
        self.older = False  # whether it speaks the API's older words
        self.stream: Stream | None = None
        self.item = _id("item")
        self.before: str | None = None  # the item before it
        self.text, self.samples = "", 0

    async def begin(self, model: str | None) -> None:
        if model:
            self.choose(model)
        await self.send("session.created", session=self.session())

    def choose(self, name: str) -> None:
        """Transcribe with this model from here on."""
        if self.samples:
            raise Refused("commit or clear the audio before another model takes over")
        model = model_for(self.server, name, "/v1/audio/transcriptions")
        if not isinstance(model.source.read_by, AudioCodec):
            raise Refused("this model does not read audio")
        if why := streams(model.plan):
            raise Refused(why)
        self.name, self.stream = name, model.stream()

    def session(self) -> Options:
        """How it transcribes, in the words of the API."""
        transcription = {"model": self.name} if self.name else None
        if self.older:
            return {
                "id": self.id, "object": "realtime.transcription_session", "input_audio_format": "pcm16",
                "input_audio_transcription": transcription, "turn_detection": None,
            }  # fmt: skip
        heard = {
            "format": {"type": "audio/pcm", "rate": RATE}, "transcription": transcription, "turn_detection": None,
            "noise_reduction": None,
        }  # fmt: skip
        return {
            "id": self.id, "object": "realtime.transcription_session", "type": "transcription",
            "audio": {"input": heard},
        }  # fmt: skip

    async def answer(self, text: str) -> None:
        """One event and what follows from it."""
        named: str | None = None
        try:
            event = _events.decode(text)
            named = event.event_id
            await self.take(event)
        except WebSocketDisconnect:
            raise
        except Exception as error:
            status, _ = said_of(error)
            if status >= 500 and not isinstance(error, msgspec.DecodeError | RecursionError):
                raise
            await self.failed(error, named)

    async def take(self, event: Event) -> None:
        match event:
            case Update(session=asked):
                heard = asked.audio.input if asked.audio else None
                await self.update(heard.transcription if heard else None, older=False)
            case OlderUpdate(session=before):
                await self.update(before.input_audio_transcription, older=True)
            case Append(audio=audio):
                await self.append(audio)
            case Commit():
                await self.commit()
            case _:
                self.clear()
                await self.send("input_audio_buffer.cleared")

    async def update(self, asked: Transcription | None, *, older: bool) -> None:
        self.older = older
        if asked is not None and asked.model is not None:
            self.choose(asked.model)
        await self.send(
            "transcription_session.updated" if older else "session.updated", session=self.session()
        )

    async def append(self, audio: str) -> None:
        stream = self.heard()
        try:
            content = base64.b64decode(audio, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refused("`audio` must be base64") from error
        if len(content) % 2:
            raise Refused("`audio` must be PCM of 16 bits, two bytes a sample")
        samples = np.frombuffer(content, "<i2").astype(np.int16)
        if not len(samples):
            return
        rows = await self.server.apart(lambda: stream.push(Sound(samples, RATE)))
        self.samples += len(samples)
        await self.say(rows)

    async def commit(self) -> None:
        stream = self.heard()
        if not self.samples:
            raise Refused("the audio buffer is empty: append audio before a commit")
        place = {"item_id": self.item, "previous_item_id": self.before}
        await self.send("input_audio_buffer.committed", **place)
        said = {
            "id": self.item, "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }  # fmt: skip
        kinds = ("created",) if self.older else ("added", "done")
        for kind in kinds:
            await self.send(f"{ITEM}.{kind}", item=said, previous_item_id=self.before)
        await self.say(await self.server.apart(stream.finish))
        usage = {"type": "duration", "seconds": self.samples / RATE}
        await self.send(
            f"{HEARD}.completed", item_id=self.item, content_index=0, transcript=self.text, usage=usage
        )
        self.before, self.item, self.text, self.samples = self.item, _id("item"), "", 0

    def clear(self) -> None:
        if self.stream is not None:
            self.stream.reset()
        self.item, self.text, self.samples = _id("item"), "", 0

    def heard(self) -> Stream:
        if self.stream is None:
            raise Refused("say which model transcribes: session.update, or the query `model`")
        return self.stream

    async def say(self, rows: list[Options]) -> None:
        """What became final."""
        for row in rows:
            if row["text"]:
                self.text += row["text"]
                await self.send(f"{HEARD}.delta", item_id=self.item, content_index=0, delta=row["text"])

    async def failed(self, error: Exception, named: str | None) -> None:
        """Say what was wrong with an event; nothing of it was taken."""
        if isinstance(error, msgspec.DecodeError | RecursionError):
            status, message = 400, f"the event does not fit: {error}"
        else:
            status, body = said_of(error)
            message = str(body["error"])
        kind = "invalid_request_error" if status < 500 else "server_error"
        about = {"type": kind, "code": str(status), "message": message, "param": None, "event_id": named}
        await self.send("error", error=about)

    async def send(self, kind: str, **fields: object) -> None:
        event = {"type": kind, "event_id": _id("event"), **fields}
        await self.socket.send_text(msgspec.json.encode(event).decode())


def _id(kind: str) -> str:
    return f"{kind}_{secrets.token_urlsafe(15)}"


def _key(socket: WebSocket) -> str | None:
    """The key of a browser, which can set no header."""
    for protocol in socket.scope.get("subprotocols", ()):
        if protocol.startswith(KEY):
            return f"Bearer {protocol.removeprefix(KEY)}"
    return None
