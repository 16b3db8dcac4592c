"""The cluster: what it is made of, in which order it starts and stops, and what it does when it is asked."""
import asyncio
import fcntl
import json
import os
import random
import secrets
import signal
import socket
import time
from pathlib import Path

from . import control, engines, proxy
from .process import Failure, Process, Program, run, say

# nginx asks a listener that was away again after its fail_timeout, which it counts in whole seconds.
NOTICED_AFTER = 2.2


class Cluster:
    def __init__(self, options, folder, binary, template):
        self.options, self.folder, self.binary, self.template = options, folder, binary, template
        self.log = folder / "log"
        # In the order in which they start.
        self.processes = {}
        self._lock = None
        self._ports = set()
        self._commands = asyncio.Lock()

    async def run(self):
        """Starts everything, then keeps it running. Ends only by an error or when it is cancelled."""
        began = time.monotonic()
        self._take_folder()
        port = self._take_port()
        pair = await proxy.certificate(self.folder / "cert")
        await self._start_engines()
        await self._start_roles()
        await self._start_nginx(port, pair)
        server = await control.serve(self.folder, self.answer)
        say(f"Started in {time.monotonic() - began:.1f} s; everything is in {self.folder}")
        say(f"ready https://127.0.0.1:{port}")
        async with server:
            await asyncio.Event().wait()

    async def shut_down(self):
        """From the outside in: nobody loses what is under it."""
        for process in self.processes.values():
            process.release()
        roles = [name for name in self.processes if name.startswith(("listener-", "sender-"))]
        for names in [["nginx"], roles, ["postgres", "rabbitmq"], ["epmd"]]:
            await asyncio.gather(*(self.processes[name].stop() for name in names if name in self.processes))
        if self._lock:
            control.socket_path(self.folder).unlink(missing_ok=True)
            self._lock.close()

    # What starts

    def _take_folder(self):
        self.log.mkdir(parents=True, exist_ok=True)
        # Other users, such as PostgreSQL's, have to get through; secrets are in files for their owners alone.
        self.folder.chmod(0o711)
        self._lock = open(self.folder / "lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise Failure(f"a cluster is running in {self.folder}; stop it, or choose another --dir") from None
        end_leftovers(self.folder)
        self._write_pids()

    def _take_port(self):
        port = self.options.port or self._free_port()
        if not is_free(port):
            raise Failure(f"port {port} is in use; stop what uses it, or choose another --port")
        return port

    async def _start_engines(self):
        keys = self._keys()
        ports = {name: self._free_port() for name in ["postgres", "rabbitmq", "distribution", "epmd"]}
        say("Starting PostgreSQL and RabbitMQ.")
        postgres = await engines.postgres(self.folder / "postgres", ports["postgres"], keys["postgres"])
        rabbitmq = engines.rabbitmq(
            self.folder / "rabbitmq", ports["rabbitmq"], ports["distribution"], ports["epmd"], keys["rabbitmq"], keys["cookie"])
        self._write_settings(ports, keys)
        await self._start(engines.epmd(ports["epmd"]))
        await together(self._start(postgres), self._start(rabbitmq, engines.RABBITMQ_READY_WITHIN))

    async def _start_roles(self):
        say("Bringing the schema up to date.")
        await run([self.binary, "migrate", "--config", self._settings], capture=True)
        say(f"Starting {self.options.listeners} listeners and {self.options.senders} senders.")
        self._listeners = {f"listener-{i + 1}": self._free_port() for i in range(self.options.listeners)}
        senders = [f"sender-{i + 1}" for i in range(self.options.senders)]
        await together(
            *(self._start(self._listener(name, port)) for name, port in self._listeners.items()),
            *(self._start(self._sender(name)) for name in senders))

    async def _start_nginx(self, port, pair):
        await self._start(
            await proxy.nginx(
                self.folder / "nginx", self.template, port, self._listeners.values(), pair, self.options.rate_limit))

    async def _start(self, program, within=60.0):
        process = Process(program, self.log / f"{program.name}.log", self._write_pids)
        self.processes[program.name] = process
        await process.start(within)

    def _role(self, name, role, *flags):
        return [self.binary, role, "--config", self._settings, "--data-dir", self.folder / name, *flags]

    def _listener(self, name, port):
        async def is_ready(_):
            return await proxy.answers_health(port)

        flags = ["--host", "127.0.0.1", "--port", port, "--no-tls", "--trusted-proxies", "127.0.0.1"]
        if self.options.rate_limit is not None:
            flags += ["--rate-limit", self.options.rate_limit]
        return Program(name, self._role(name, "listener", *flags, *self.options.listener_flags), is_ready)

    def _sender(self, name):
        async def is_ready(process):
            return "Ready" in process.logged()

        return Program(name, self._role(name, "sender", *self.options.sender_flags), is_ready)

    # What is asked

    async def answer(self, command, names, report):
        """Does what script/cluster status, start, stop or restart asks. Throws `Failure`."""
        chosen = self._chosen(names)
        if command == "status":
            for process in (self.processes[name] for name in chosen):
                report(f"{process.name:<12} {process.pid or '-':<8} {process.state}")
            return
        if command == "stop":
            chosen.reverse()
        async with self._commands:
            for name in chosen:
                await self._do(command, self.processes[name])
                report(f"{name}: {'stopped' if command == 'stop' else 'ready'}")
                if command == "restart" and name in self._listeners and name != chosen[-1]:
                    await asyncio.sleep(NOTICED_AFTER)

    async def _do(self, command, process):
        if command == "restart" and process.name == "nginx" and process.state == "runs":
            return await proxy.reload(process)
        if command in ["stop", "restart"]:
            await process.stop()
        if command in ["start", "restart"]:
            await process.start()

    def _chosen(self, names):
        listed = self._listed
        groups = {
            "all": listed, "listeners": [name for name in listed if name.startswith("listener-")],
            "senders": [name for name in listed if name.startswith("sender-")]}
        chosen = []
        for name in names:
            if name not in groups and name not in listed:
                raise Failure(f"there is no process {name}; there are {', '.join(listed)}, and listeners, senders, all")
            chosen += groups.get(name, [name])
        return list(dict.fromkeys(chosen))

    @property
    def _listed(self):
        return [name for name, process in self.processes.items() if process.program.is_listed]

    # What is kept in the folder

    @property
    def _settings(self):
        return self.folder / "messenger.json"

    def _keys(self):
        path = self.folder / "secrets.json"
        if not path.exists():
            keys = {name: secrets.token_hex(24) for name in ["postgres", "rabbitmq", "cookie"]}
            engines.write(path, json.dumps(keys, indent=1) + "\n")
        return json.loads(path.read_text())

    def _write_settings(self, ports, keys):
        settings = {
            "database": f"postgres://messenger:{keys['postgres']}@127.0.0.1:{ports['postgres']}/messenger",
            "broker": f"amqp://messenger:{keys['rabbitmq']}@127.0.0.1:{ports['rabbitmq']}/messenger"}
        engines.write(self._settings, json.dumps(settings, indent=1) + "\n")

    def _write_pids(self):
        running = {name: self.processes[name].pid for name in self._listed if self.processes[name].pid}
        engines.write(self.folder / "pids.json", json.dumps(running, indent=1) + "\n", mode=0o644)

    def _free_port(self):
        """A free port that no client's own end of a connection takes while its server is down: below those of the system."""
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        for _ in range(1_000):
            port = random.randrange(10_000, max(first, 10_001))
            if port not in self._ports and is_free(port):
                self._ports.add(port)
                return port
        raise Failure("there is no free port; stop something that listens")


async def together(*work):
    """Waits for all; the first error cancels the others."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def is_free(port):
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def end_leftovers(folder):
    """Ends what an earlier script/cluster left behind when it was killed: the system has told those to end already."""
    try:
        left = json.loads((folder / "pids.json").read_text()).values()
    except (FileNotFoundError, ValueError):
        return
    deadline = time.monotonic() + 5
    while left := [pid for pid in left if is_ours(pid, folder)]:
        if time.monotonic() > deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def is_ours(pid, folder):
    try:
        return os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
