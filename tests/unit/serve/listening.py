"""A server of streams in a test, that leaves none behind."""

import asyncio
from contextlib import asynccontextmanager

TURNS = 5  #: of the loop, in which a stream that the kernel has accepted becomes known


@asynccontextmanager
async def listening(serve, port=0, tls=None):
    """Listen on loopback and serve each stream; at the end every one is ended, also one whose turn had not come."""
    writers, tasks = [], []

    def meet(reader, writer):
        writers.append(writer)
        tasks.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(meet, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        for writer, task in zip(writers, tasks, strict=True):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
