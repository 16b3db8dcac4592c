"""What makes the load: wrk, with scripts of its own or of a load kit, and messenger-bench."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "Benchmarks"
# For what was accepted to arrive.
PATIENCE = 120


def has_wrk():
    return shutil.which("wrk") is not None


def messenger_bench(server, *arguments):
    """The result of one run."""
    command = [server.bin / "messenger-bench", "--url", server.url, "--sessions", server.sessions, "--pid",
               str(server.process.pid), "--json", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def crypto_bench(bin):
    """A list of results: key, name, p50 and p99 in milliseconds."""
    return json.loads(subprocess.run([bin / "crypto-bench", "--json"], check=True, capture_output=True, text=True).stdout)


def client_bench(server):
    """How long a device that was away needs, with the Swift SDK and a store of its own."""
    command = [server.bin / "client-bench", "--server", server.url, "--folder", server.folder / "clients"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def wrk(server, script, environment, seconds, threads=2, connections=32):
    """What wrk prints."""
    return subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script, server.url], check=True,
        capture_output=True, text=True, env={**os.environ, **environment}).stdout


def own_wrk(server, seconds, has_keys):
    """Accepted sends a second, each user to itself."""
    environment = {"BENCH_SESSION": server.sessions.read_text().splitlines()[0], "BENCH_KEYS": "true" if has_keys else "false"}
    text = wrk(server, SCRIPTS / "send.lua", environment, seconds)
    return float(re.search(r"accepted_per_second (\d+)", text).group(1))


class Kit:
    """A load kit: a folder with `messages.lua` for wrk, and `sink.nginx.conf`, a callback address that counts."""

    SINK, STATUS = "127.0.0.51:7800", "http://127.0.0.51:7801/sink_status"

    def __init__(self, folder: Path):
        self.folder = folder

    def send(self, server, people, receivers, seconds, **load):
        """Accepted sends, and how many a second."""
        sender = people[0]
        environment = {
            "MSG_TOKEN": sender["token"], "MSG_SENDER_ID": str(sender["user_id"]), "MSG_SENDER_NAME": sender["username"],
            "MSG_RECEIVER_IDS": ",".join(str(person["user_id"]) for person in receivers)}
        text = wrk(server, self.folder / "messages.lua", environment, seconds, **load)
        result = json.loads(re.search(r"RESULT (\{.*\})", text).group(1))
        return result["accepted"], result["accepted_per_s"]

    def push(self, server, people, receivers, seconds, **load):
        """Callbacks a second, from the first send to the last callback of what was accepted."""
        with Sink(self) as sink:
            begin = time.monotonic()
            accepted, _ = self.send(server, people, receivers, seconds, **load)
            while sink.count < accepted:
                if time.monotonic() - begin > seconds + PATIENCE:
                    raise SystemExit(f"{sink.count} of {accepted} callbacks have come")
                time.sleep(0.02)
            return accepted / (time.monotonic() - begin)


class Sink:
    """nginx as a callback address."""

    def __init__(self, kit: Kit):
        self.kit = kit
        self.looks = 0

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="messenger-sink-"))
        self.folder.chmod(0o755)
        configuration = self.folder / "sink.conf"
        configuration.write_text((self.kit.folder / "sink.nginx.conf").read_text().replace("@DIR@", str(self.folder)))
        subprocess.run(["nginx", "-p", self.folder, "-c", configuration], check=True)
        return self

    def __exit__(self, *_):
        os.kill(int((self.folder / "sink.pid").read_text()), signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def count(self):
        """Requests so far, without those that asked for it."""
        self.looks += 1
        text = urllib.request.urlopen(self.kit.STATUS, timeout=5).read().decode()
        return int(re.search(r"\n\s*\d+ \d+ (\d+)", text).group(1)) - self.looks


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
