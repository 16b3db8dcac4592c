"""A server under test, on fresh data and a free port of loopback."""
import json
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

START_LIMIT, STOP_LIMIT = 30, 15
UNCHECKED = ssl._create_unverified_context()  # its certificate is its own


class Server:
    """Runs while its block does; `start_seconds` says how long it took until it was healthy."""

    def __init__(self, bin: Path):
        self.bin = bin
        self.folder = Path(tempfile.mkdtemp(prefix="messenger-bench-"))

    def __enter__(self):
        try:
            # The certificate is not part of a start.
            self._start()
            self._stop()
            shutil.rmtree(self.folder / "data")
            self.start_seconds = self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        log = self.folder / "log"
        begin = time.monotonic()
        with log.open("w") as file:
            self.process = subprocess.Popen(
                [self.bin / "messenger-server", "serve", "--host", "127.0.0.1", "--port", "0", "--rate-limit", "0",
                 "--callback-allow", "127.0.0.0/8", "--data-dir", self.folder / "data", "--cert-dir", self.folder / "cert"],
                stderr=file)
        while not (ready := re.search(r"https://\S+", log.read_text())):
            if self.process.poll() is not None or time.monotonic() - begin > START_LIMIT:
                raise SystemExit(f"the server has not started:\n{log.read_text()}")
            time.sleep(0.002)
        self.url = ready.group()
        urllib.request.urlopen(self.url + "/health/", context=UNCHECKED, timeout=START_LIMIT).read()
        return time.monotonic() - begin

    def _stop(self):
        if process := getattr(self, "process", None):
            process.terminate()
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def resident_mebibytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def people(self, count, address=""):
        """Test users with a session each, and the file that messenger-bench reads them from."""
        text = subprocess.run(
            [self.bin / "messenger-server", "admin", "mint-sessions", "--data-dir", self.folder / "data", "--count", str(count),
             "--user-address", address], check=True, capture_output=True, text=True).stdout
        self.sessions = self.folder / "people"
        self.sessions.write_text(text)
        return [json.loads(line) for line in text.splitlines()]
