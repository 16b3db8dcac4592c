"""nginx: deploy/nginx.conf made to fit, and the certificate."""
import asyncio
import os
import re
import resource
import shutil
import signal
import socket
import ssl

from .engines import accepts, write
from .process import Failure, Program, run

CERTIFICATE_DAYS = 825
WITHOUT_VERIFICATION = ssl._create_unverified_context()
HEALTH = b"GET /health/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def answers_health(port, ssl=None):
    return await accepts(port, HEALTH, b"HTTP/1.1 200", ssl)


async def certificate(folder):
    """The pair in that folder; a self-signed one is made when neither file is there."""
    pair = [folder / "certificate.pem", folder / "private_key.pem"]
    present = [path for path in pair if path.exists()]
    if len(present) == 1:
        raise Failure(f"of {pair[0]} and {pair[1]} only one is there; add the other, or remove both for a self-signed pair")
    if not present:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = [path.with_suffix(".new") for path in pair]
        for path in new:
            write(path, "")
        await run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch",
             "-days", CERTIFICATE_DAYS, "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-out", new[0], "-keyout", new[1]], capture=True)
        for path, final in zip(reversed(new), reversed(pair)):
            path.rename(final)
    return pair


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def configuration(template, folder, port, listeners, pair, rate_limit):
    """deploy/nginx.conf with this cluster's paths, ports and limits in its marked lines."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    servers = "".join(f"        server 127.0.0.1:{listener} max_fails=1 fail_timeout=1s;\n" for listener in listeners)
    addresses = ["127.0.0.1", "[::1]"] if has_ipv6() else ["127.0.0.1"]
    listens = "".join(f"        listen {address}:{port} ssl http2 backlog=4096;\n" for address in addresses)
    temporary = "".join(
        f'    {kind}_temp_path "{folder}/{kind}";\n' for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
    changes = [
        (r"^pid .*;$", f'pid "{folder}/nginx.pid";'),
        (r"^error_log .* (\w+);$", r"error_log stderr \1;"),
        (r"^http \{\n", "http {\n" + temporary),
        (r"(^ *server 127\.0\.0\.1:.*;\n)+", servers),
        (r"(^ *listen .*;\n)+", listens),
        (r"(ssl_certificate) .*;", rf'\1 "{pair[0]}";'),
        (r"(ssl_certificate_key) .*;", rf'\1 "{pair[1]}";'),
        (r"^worker_rlimit_nofile .*;$", f"worker_rlimit_nofile {min(files, 65_536)};"),
        (r"(worker_connections) .*;", rf"\1 {min(files, 32_768)};"),
    ]
    if os.geteuid():
        changes.append((r"^user .*;\n", ""))
    if rate_limit:
        changes.append((r"(zone=requests:\w+ rate)=\d+", rf"\1={rate_limit}"))
    text = template.read_text()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        if count != 1:
            raise Failure(f"{template}: expected one place for {pattern!r}, found {count}")
    if rate_limit == 0:
        text = re.sub(r"^ *limit_req(_zone)? .*;\n", "", text, flags=re.MULTILINE)
    return text


async def nginx(folder, template, port, listeners, pair, rate_limit):
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not program:
        raise Failure("nginx is not installed; run script/setup --cluster")
    folder.mkdir(exist_ok=True)
    # The workers' user has to get through to its folders for large bodies.
    folder.chmod(0o711)
    path = folder / "nginx.conf"
    write(path, configuration(template, folder, port, listeners, pair, rate_limit))
    command = [program, "-e", "stderr", "-c", path, "-g", "daemon off;"]
    await run([*command, "-t", "-q"], capture=True)

    async def is_ready(_):
        return await answers_health(port, WITHOUT_VERIFICATION)

    return Program("nginx", command, is_ready, patience=3, death_signal="TERM")


async def reload(process):
    """New workers with the configuration and certificate of now; the old ones finish what they have."""
    def workers():
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            return set(file.read().split())

    before = workers()
    process.signal(signal.SIGHUP)
    for _ in range(100):
        if process.pid and workers() - before and await process.program.is_ready(process):
            return
        await asyncio.sleep(0.1)
    raise Failure(f"nginx has no new workers after 10 s; see {process.log}")
