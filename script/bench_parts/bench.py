"""Measures each figure a few times on a fresh server and prints it beside its floor and its aim."""
import argparse
import json
import os
import resource
import sys
from pathlib import Path

import loads
from report import Figure, Report
from server import Server



def client_figures():
    """What the clients' cryptography and store may take: one aim each, for the median and for the 99th percentile."""
    limits = [
        ("seal-1", "seal for one device", "ms", 0.4, 3), ("seal-further", "each further device", "ms", 0.2, 3),
        ("open", "open", "ms", 0.3, 3), ("replay", "replay a log of 100,000 entries", "ms", 2_000, 0),
        ("look-up", "look a name up in it", "ms", 1, 4)]
    for key, name, unit, limit, digits in limits:
        for percentile in ["p50", "p99"]:
            yield Figure(f"{key}-{percentile}", f"client: {name}, {percentile}", unit, limit, limit, is_lower_better=True, digits=digits)
    yield Figure("backlog", "client: open and store a backlog of 10,000 messages", "s", 10, 10, is_lower_better=True, digits=1)


FIGURES = [
    Figure("idle-memory", "resident memory, idle", "MiB", 60, 30, is_lower_better=True),
    Figure("start", "start until healthy", "s", 0.3, 0.1, is_lower_better=True, digits=2),
    Figure("sends", "`POST /api/messages/` accepted, 32 connections", "/s", 12_000, 25_000),
    Figure("keyed-sends", "the same with a `client_message_id` each", "/s", 8_000, 14_000),
    Figure("pushes", "accepted and pushed to 64 receivers, until the last one", "/s", 5_000, 10_000),
    Figure("ordered-pushes", "pushed to one receiver, in order, one at a time", "/s", 2_000, 4_000),
    Figure("cpu", "server CPU per message: sent, streamed, acknowledged", "µs", 160, 90, is_lower_better=True),
    Figure("latency-p50", "send to stream at 1,000/s, p50", "ms", 1, 0.4, is_lower_better=True, digits=2),
    Figure("latency-p99", "send to stream at 1,000/s, p99", "ms", 5, 2, is_lower_better=True, digits=2),
    *client_figures(),
    Figure("stream-memory", "memory per idle TLS stream, {streams} of them", "KiB", 45, 30, is_lower_better=True, digits=1),
]


class Bench:
    """Each method is one run and gives the figures by their keys."""

    def __init__(self, bin, seconds, streams, kit):
        self.bin, self.seconds, self.streams, self.kit = bin, seconds, streams, kit

    def idle(self):
        with Server(self.bin) as server:
            return {"idle-memory": server.resident_mebibytes, "start": server.start_seconds}

    def sends(self):
        with Server(self.bin) as server:
            people = server.people(32)
            if self.kit:
                return {"sends": self.kit.send(server, people, people, self.seconds)[1]}
            return {"sends": self._sends(server, has_keys=False)}

    def keyed_sends(self):
        with Server(self.bin) as server:
            server.people(32)
            return {"keyed-sends": self._sends(server, has_keys=True)}

    def _sends(self, server, has_keys):
        if loads.has_wrk():
            return loads.own_wrk(server, self.seconds, has_keys)
        keys = ["--keys"] if has_keys else []
        return loads.messenger_bench(server, "--writers", 32, "--seconds", self.seconds, *keys)["accepted_per_second"]

    def pushes(self):
        return {"pushes": self._pushes(receivers=64)}

    def ordered_pushes(self):
        # Fewer writers, lest the one inbox is full before the end.
        return {"ordered-pushes": self._pushes(receivers=1, threads=1, connections=4)}

    def _pushes(self, receivers, **load):
        with Server(self.bin) as server:
            if self.kit:
                people = server.people(receivers, self.kit.SINK)
                return self.kit.push(server, people, people, self.seconds, **load)
            sink = loads.free_address()
            server.people(receivers, sink)
            return loads.messenger_bench(
                server, "--writers", receivers, "--sink", sink, "--seconds", self.seconds)["pushed_per_second"]

    def streams_at_work(self):
        with Server(self.bin) as server:
            server.people(100)
            load = ["--streams", 50, "--writers", 50, "--seconds", self.seconds]
            cpu = loads.messenger_bench(server, *load)["processor_microseconds_per_message"]
            stream = loads.messenger_bench(server, *load, "--rate", 1_000)["stream"]
            return {"cpu": cpu, "latency-p50": stream["p50"], "latency-p99": stream["p99"]}

    def idle_streams(self):
        with Server(self.bin) as server:
            server.people(self.streams)
            result = loads.messenger_bench(server, "--streams", self.streams, "--seconds", 1)
            return {"stream-memory": (result["memory_with_streams"] - result["memory_before"]) / self.streams / 1024}

    def client_cryptography(self):
        values = {}
        for result in loads.crypto_bench(self.bin):
            for percentile in ["p50", "p99"]:
                # The first suite is X-Wing, the one that counts.
                values.setdefault(f"{result['key']}-{percentile}", result[percentile])
        return {figure.key: values[figure.key] for figure in client_figures() if figure.key in values}

    def client_backlog(self):
        with Server(self.bin) as server:
            return {"backlog": loads.client_bench(server)["backlog_seconds"]}

    @property
    def measurements(self):
        return [self.idle, self.sends, self.keyed_sends, self.pushes, self.ordered_pushes, self.streams_at_work,
                self.client_cryptography, self.client_backlog, self.idle_streams]


def arguments():
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--bin", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured; the median counts (3)")
    parser.add_argument("--seconds", type=int, default=10, help="how long a load lasts (10)")
    parser.add_argument("--streams", type=int, default=10_000, help="how many idle streams there are (10000)")
    parser.add_argument("--only", default="", metavar="WORD", help="just the measurements with this in their name, such as pushes")
    parser.add_argument("--kit", type=Path, default=os.environ.get("BENCH_KIT"), metavar="FOLDER",
                        help="a load kit with messages.lua for wrk and sink.nginx.conf, to send and to take callbacks with; "
                             "also BENCH_KIT. Without it wrk runs Benchmarks/send.lua, and messenger-bench takes the callbacks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, every run of them, there")
    parser.add_argument("--record", action="store_true", help="put the table at the head of Benchmarks/RESULTS.md")
    return parser.parse_args()


def main():
    options = arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench = Bench(options.bin, options.seconds, options.streams, loads.Kit(options.kit) if options.kit else None)
    report = Report(FIGURES, streams=options.streams, kit=bool(options.kit), seconds=options.seconds)
    for measure in bench.measurements:
        if options.only not in measure.__name__:
            continue
        for run in range(options.runs):
            print(f"{measure.__name__} {run + 1}/{options.runs}", file=sys.stderr, flush=True)
            report.add(measure())
    print(report.markdown)
    if options.json:
        options.json.write_text(json.dumps(report.data, indent=2) + "\n")
    if options.record:
        report.record(loads.SCRIPTS / "RESULTS.md")


if __name__ == "__main__":
    main()
