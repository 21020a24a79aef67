"""Frames of a WebSocket (RFC 6455 section 5), as far as both ends of a fault run need them: none is fragmented."""
import base64
import hashlib
import struct

BINARY, CLOSE = 2, 8
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(key):
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def masked(payload, mask):
    """Masks, or takes the mask off."""
    length = len(payload)
    stream = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(length, "big")


def frame(opcode, payload, mask=b""):
    """A client's frame has a mask of four bytes, a server's has none."""
    length, bit = len(payload), 0x80 if mask else 0
    head = bytes([0x80 | opcode])
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    return head + mask + (masked(payload, mask) if mask else payload)


async def read_frame(reader):
    """The opcode and the payload of the next frame; what is no whole frame of such a kind raises."""
    first, second = await reader.readexactly(2)
    if first & 0x70 or not first & 0x80:
        raise ValueError(f"a frame begins with {first:02x}")
    length = second & 0x7f
    if length == 126:
        length, = struct.unpack(">H", await reader.readexactly(2))
    elif length == 127:
        length, = struct.unpack(">Q", await reader.readexactly(8))
    mask = await reader.readexactly(4) if second & 0x80 else b""
    payload = await reader.readexactly(length)
    return first & 0x0f, masked(payload, mask) if mask else payload
