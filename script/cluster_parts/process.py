"""Programs that are started, watched, started again, and stopped."""
import asyncio
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Awaitable, Callable, List, Optional

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
# A program that ran this long is started again after the first pause.
LONG_RUN = 10.0
POLL = 0.05


class Failure(Exception):
    """What went wrong and what to do, in words for people."""


def say(text):
    """A line about the progress, for whoever still listens."""
    try:
        print(text, flush=True)
    except OSError:
        pass


@dataclass
class Program:
    name: str
    command: List[object]
    # Whether it does its work, of a process that runs.
    is_ready: Callable[["Process"], Awaitable[bool]]
    environment: dict = field(default_factory=dict)
    # The user to run as; None is the caller.
    user: Optional[str] = None
    stop_signal: int = signal.SIGTERM
    # What follows when that took longer than `patience` seconds.
    force_signal: int = signal.SIGKILL
    patience: float = 10.0
    # What the system sends it when script/cluster itself is killed.
    death_signal: str = "KILL"
    # Whether DIR/pids.json names it.
    is_listed: bool = True


def command_line(command, user=None, death_signal="TERM"):
    """The command under setpriv, which ties its life to ours; the process id stays the same."""
    words = ["setpriv", "--pdeathsig", death_signal]
    if user:
        words += ["--reuid", user, "--regid", user, "--init-groups"]
    return [*words, *map(str, command)]


def surroundings(**more):
    """Our environment without settings that are meant for another server."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MESSENGER_", "RABBITMQ_", "PG"))} | more


async def run(command, user=None, capture=False, text=None):
    """Runs a command to its end, and ends it when cancelled. Throws `Failure` when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command_line(command, user), env=surroundings(), stdin=subprocess.PIPE if text else None,
        stdout=subprocess.PIPE if capture else None, stderr=subprocess.STDOUT if capture else None)
    try:
        output, _ = await process.communicate(text.encode() if text else None)
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    output = (output or b"").decode().strip()
    if process.returncode:
        raise Failure(f"{Path(str(command[0])).name} failed with code {process.returncode}\n{output}".strip())
    return output


class Process:
    """One program that is kept running from `start` to `stop`."""

    def __init__(self, program: Program, log: Path, changed: Callable[[], None]):
        self.program, self.name, self.log = program, program.name, log
        self._changed = changed
        self._running: Optional[subprocess.Popen] = None
        self._ended: Optional[asyncio.Future] = None
        self._keeper: Optional[asyncio.Task] = None
        self._ends = 0
        self._logged_before = 0

    @property
    def pid(self):
        return self._running.pid if self._running else None

    @property
    def state(self):
        """In words."""
        if self._keeper:
            return "runs" if self._running else "ended; it is started again"
        return "ends" if self._running else "stopped"

    def logged(self):
        """What it has written since it was last started."""
        with open(self.log, "rb") as file:
            file.seek(self._logged_before)
            return file.read().decode(errors="replace")

    async def start(self, within=60.0):
        """Returns when it is ready. Throws `Failure` when it ends before, or takes too long; it is kept running even then."""
        self._ends = 0
        if not self._keeper:
            self._keeper = asyncio.create_task(self._keep())
        deadline = time.monotonic() + within
        while not (self.pid and await self.program.is_ready(self)):
            if self._ends:
                tail = "\n".join(self.logged().splitlines()[-8:])
                raise Failure(f"{self.name} ended before it was ready; the end of {self.log}:\n{tail}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} is not ready after {within:g} s; see {self.log}")
            await asyncio.sleep(POLL)

    async def stop(self):
        """Returns when it has ended; it is not started again. Does nothing when it does not run."""
        self.release()
        if not self._running:
            return
        ended = self._ended
        self.signal(self.program.stop_signal)
        # In case it was stopped (SIGSTOP).
        self.signal(signal.SIGCONT)
        for force in [self.program.force_signal, signal.SIGKILL]:
            done, _ = await asyncio.wait([ended], timeout=self.program.patience)
            if done:
                return
            say(f"{self.name} did not end within {self.program.patience:g} s; it is killed.")
            self.signal(force)
        await asyncio.wait([ended])

    def release(self):
        """Lets it run, but does not start it again."""
        if self._keeper:
            self._keeper.cancel()
            self._keeper = None

    def signal(self, number):
        if self._running:
            self._running.send_signal(number)

    async def _keep(self):
        pause = FIRST_PAUSE
        while True:
            begun = time.monotonic()
            code = await asyncio.shield(self._spawn())
            self._ends += 1
            if time.monotonic() - begun >= LONG_RUN:
                pause = FIRST_PAUSE
            how = f"with code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
            say(f"{self.name} ended {how}; it is started again in {pause:g} s.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _spawn(self):
        """Starts it; the future holds its exit code when it has ended."""
        program, loop = self.program, asyncio.get_running_loop()
        with open(self.log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
            self._logged_before = log.tell()
            # A session of its own: Ctrl-C in a terminal reaches us alone, and stray children can be found.
            self._running = subprocess.Popen(
                command_line(program.command, program.user, program.death_signal), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=surroundings(**program.environment), cwd=self.log.parent, start_new_session=True)
        self._ended = loop.create_future()
        watch = os.pidfd_open(self._running.pid)
        loop.add_reader(watch, self._reap, watch)
        self._changed()
        return self._ended

    def _reap(self, watch):
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)
        process, self._running = self._running, None
        code = process.wait()
        try:
            # The workers of an nginx whose master was killed would keep the port.
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._changed()
        self._ended.set_result(code)
