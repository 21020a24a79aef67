"""A user of the app with mode = "tcp": sends lines, some at once, and compares what comes back."""
import asyncio

from load import Failed, User


class LineUser(User):
    """A connection for each of its sessions, which are over long before a drain deadline."""

    async def ask(self, name):
        reader, writer, began = self.connection.reader, self.connection.writer, False
        try:
            writer.write(f"x-chaos-id {name}\n".encode())
            mark, pid = (await self.line(reader)).decode().split()
            self.world.ledger.answered_by[name] = (mark, int(pid))
            began, count = True, 0
            for _ in range(self.random.randint(1, 15)):
                lines = [self.text() for _ in range(self.random.choice((1, 1, 5)))]
                writer.write(b"".join(lines))
                for text in lines:
                    count += 1
                    self.compare(await self.line(reader), b"%d %b" % (count, text))
                await asyncio.sleep(self.random.uniform(0, 0.1))
            writer.write_eof()
            self.compare(await self.line(reader), b"%d lines\n" % count)
            self.compare(await reader.read(), b"")
        except (OSError, EOFError) as error:
            raise Failed("dropped" if began else "reset", repr(error)) from None
        self.connection.close()

    def text(self):
        return self.random.randbytes(self.random.choice((1, 100, 5_000, 70_000))).replace(b"\n", b"\r") + b"\n"

    async def line(self, reader):
        line = await reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError(f"{len(line)} bytes of a line")
        return line

    def compare(self, got, wanted):
        if got != wanted:
            raise Failed("wrong body", f"{got[:40]!r} ({len(got)} bytes), wanted {wanted[:40]!r} ({len(wanted)})")
