"""How script/cluster start, stop, restart and status speak with the running script/cluster up: JSON lines on a socket."""
import asyncio
import json
import os
import socket

from .process import Failure


def socket_path(folder):
    return folder / "control"


def short_path(directory):
    """The socket's path by an open folder: a path of a socket has at most 107 bytes."""
    return f"/proc/self/fd/{directory}/control"


async def serve(folder, answer):
    """Calls `answer(command, names, report)` for each request."""
    async def handle(reader, writer):
        def say(**line):
            writer.write(json.dumps(line).encode() + b"\n")

        try:
            request = json.loads(await reader.readline())
            await answer(request["command"], request["names"], lambda text: say(text=text))
            say(done=True)
        except Failure as failure:
            say(error=str(failure))
        finally:
            writer.close()

    socket_path(folder).unlink(missing_ok=True)
    directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        old = os.umask(0o177)
        server = await asyncio.start_unix_server(handle, path=short_path(directory))
        os.umask(old)
        return server
    finally:
        os.close(directory)


def send(folder, command, names):
    """Asks and waits until it is done. Throws `Failure`."""
    with socket.socket(socket.AF_UNIX) as connection:
        connect(connection, folder)
        connection.sendall(json.dumps({"command": command, "names": names}).encode() + b"\n")
        for line in connection.makefile():
            answer = json.loads(line)
            if "text" in answer:
                print(answer["text"], flush=True)
            elif "error" in answer:
                raise Failure(answer["error"])
            else:
                return
    raise Failure("script/cluster up ended meanwhile")


def connect(connection, folder):
    try:
        directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.connect(short_path(directory))
        finally:
            os.close(directory)
    except OSError:
        raise Failure(f"no cluster runs in {folder}; start it with: script/cluster up --dir {folder}") from None
