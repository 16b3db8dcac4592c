"""PostgreSQL and RabbitMQ: their data folders, settings and command lines."""
import asyncio
import os
import pwd
import shutil
import signal
from pathlib import Path

from .process import Failure, Program, run

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
POSTGRES_SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = {port}
max_connections = 200
password_encryption = 'scram-sha-256'
shared_buffers = 256MB
max_wal_size = 2GB
jit = off
log_min_messages = warning
"""
# The role of the messenger and no other; not even the superuser, who is there for `postgres --single` alone.
POSTGRES_ACCESS = "host messenger messenger 127.0.0.1/32 scram-sha-256\n"
RABBITMQ_SETTINGS = """\
listeners.tcp.1 = 127.0.0.1:{port}
default_user = messenger
default_pass = {password}
default_vhost = messenger
log.file = false
log.console = true
log.console.level = warning
"""
# Erlang's schedulers would spin while they wait.
ERLANG_FLAGS = "-noinput -kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
RABBITMQ_READY_WITHIN = 90.0


def engine_user(name):
    """The user to run an engine as: PostgreSQL refuses to run as root."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        raise Failure(f"there is no user {name}; run script/setup --cluster") from None


def write(path, text, user=None, mode=0o600):
    """Writes a file that only its owner can read, as a whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(new, "w", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, mode)) as file:
        file.write(text)
    if user:
        shutil.chown(new, user, user)
    new.replace(path)


def own_folder(path, user):
    path.mkdir(mode=0o700, exist_ok=True)
    if user:
        shutil.chown(path, user, user)


def postgres_programs(version):
    """The folder of PostgreSQL's programs of that version, or of the newest."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"{version}/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if not found:
        raise Failure(f"PostgreSQL{'' if version == '*' else ' ' + version} is not installed; run script/setup --cluster")
    return found[-1].parent


async def postgres(folder, port, password):
    """PostgreSQL in that folder, which is made when it is not there."""
    user = engine_user("postgres")
    if folder.exists():
        programs = postgres_programs((folder / "PG_VERSION").read_text().strip())
    else:
        programs = postgres_programs("*")
        await make_database(folder, programs, user, password)
    write(folder / "postgresql.conf", POSTGRES_SETTINGS.format(port=port), user)
    write(folder / "pg_hba.conf", POSTGRES_ACCESS, user)

    async def is_ready(process):
        try:
            lines = (folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"

    return Program(
        "postgres", [programs / "postgres", "-D", folder], is_ready, user=user, stop_signal=signal.SIGINT,
        force_signal=signal.SIGQUIT, patience=6, death_signal="INT")


async def make_database(folder, programs, user, password):
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    own_folder(new, user)
    await run(
        [programs / "initdb", "-D", new, "--username", "postgres", "--auth", "reject", "--no-locale", "--encoding", "UTF8"],
        user, capture=True)
    commands = f"CREATE ROLE messenger LOGIN PASSWORD '{password}'\nCREATE DATABASE messenger OWNER messenger\n"
    said = await run([programs / "postgres", "--single", "-D", new, "postgres"], user, capture=True, text=commands)
    if "ERROR" in said or "FATAL" in said:
        raise Failure(f"the database cannot be made:\n{said}")
    new.rename(folder)


def epmd(port):
    """Erlang's port mapper, by which RabbitMQ finds itself; one of our own, which ends with us."""
    async def is_ready(_):
        # Asked for the names that it knows, it begins with its own port.
        return await accepts(port, send=b"\0\1n", expect=port.to_bytes(4, "big"))

    program = shutil.which("epmd") or "/usr/bin/epmd"
    return Program("epmd", [program, "-port", port, "-address", "127.0.0.1"], is_ready, patience=2, is_listed=False)


def rabbitmq(folder, port, distribution_port, epmd_port, password, cookie):
    """RabbitMQ in that folder, which is made when it is not there."""
    if not RABBITMQ.exists():
        raise Failure("RabbitMQ is not installed; run script/setup --cluster")
    user = engine_user("rabbitmq")
    own_folder(folder, user)
    write(folder / "rabbitmq.conf", RABBITMQ_SETTINGS.format(port=port, password=password), user)
    write(folder / "enabled_plugins", "[].\n", user)
    write(folder / ".erlang.cookie", cookie, user, mode=0o400)

    async def is_ready(_):
        # It answers a client's first bytes with connection.start, when it has started.
        return await accepts(port, send=b"AMQP\0\0\x09\x01", expect=b"\x01\0\0")

    environment = {
        "HOME": folder, "RABBITMQ_NODENAME": "messenger@localhost", "RABBITMQ_MNESIA_BASE": folder / "data",
        "RABBITMQ_LOG_BASE": folder / "log", "RABBITMQ_CONFIG_FILE": folder / "rabbitmq.conf",
        "RABBITMQ_ADVANCED_CONFIG_FILE": folder / "advanced.config", "RABBITMQ_CONF_ENV_FILE": folder / "environment",
        "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "enabled_plugins", "RABBITMQ_PID_FILE": folder / "pid",
        "RABBITMQ_DIST_PORT": distribution_port, "ERL_EPMD_PORT": epmd_port, "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_FLAGS,
        # Without it a shell would stand between us and the Erlang machine.
        "RABBITMQ_ALLOW_INPUT": "true",
    }
    return Program(
        "rabbitmq", [RABBITMQ], is_ready, {name: str(value) for name, value in environment.items()}, user, patience=8)


async def accepts(port, send, expect, ssl=None):
    """Whether what listens on a loopback port answers `send` with bytes that begin with `expect`."""
    async def talk():
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=ssl)
        try:
            writer.write(send)
            return await reader.readexactly(len(expect)) == expect
        finally:
            writer.transport.abort()

    try:
        return await asyncio.wait_for(talk(), 5)
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
        return False
