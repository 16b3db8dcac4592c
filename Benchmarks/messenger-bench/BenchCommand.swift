import ArgumentParser
import Foundation

@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messenger-bench",
        abstract: "Load a messenger server: streams that listen, writers that send; says what it took.",
        discussion: """
            Writer i sends to stream i, and round again; without streams, to the other writers. With --rate the sends are due at
            fixed times, and a latency counts from when its send was due: a server that stalls cannot hide the sends that it
            kept waiting. Without it each writer sends as soon as it has its answer.

            Example:
              messenger-server admin mint-sessions --count 100 > sessions.jsonl
              messenger-bench --sessions sessions.jsonl --streams 50 --writers 50 --seconds 20 --pid "$(pidof messenger-server)"
            """)

    @Option(help: "The server. Its certificate is not checked.")
    var url = "https://127.0.0.1:5000"

    @Option(help: "A file of sessions, as admin mint-sessions prints them: those of the streams first.")
    var sessions: String

    @Option(help: "How many users listen, each on a live stream.")
    var streams = 0

    @Option(help: "How many users send, each on a connection of its own.")
    var writers = 0

    @Option(help: "Messages per second by all writers together; 0 is as many as the server takes.")
    var rate = 0

    @Option(help: "How long the writers send, after two seconds that do not count.")
    var seconds = 10

    @Option(help: "A stream's user acknowledges after so many messages; 0 is never.")
    var ackEvery = 10

    @Option(help: "The length of a message.")
    var size = 256

    @Flag(help: "Give each message a client_message_id.")
    var keys = false

    @Option(help: "Take callbacks on this address of the loopback range, such as 127.0.0.1:7800, and wait for all of them.")
    var sink: String?

    @Option(help: "A process of the server; repeatable. Its processor time and memory are part of the result.")
    var pid: [Int32] = []

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
        guard streams >= 0, writers >= 0, rate >= 0, seconds > 0, size >= 32, streams + writers > 0 else {
            throw ValidationError("--streams, --writers and --rate are not negative, --size is from 32, and someone has to come")
        }
    }

    func run() async throws {
        FileLimit.raise()
        let people = try Person.load(sessions)
        guard people.count >= streams + writers else {
            throw ValidationError("\(sessions) has \(people.count) sessions; \(streams + writers) are needed")
        }
        let server = try Endpoint(url)
        let plan = LoadPlan(
            listeners: Array(people[..<streams]), writers: Array(people[streams..<streams + writers]), rate: rate,
            seconds: seconds, ackEvery: ackEvery, size: size, hasKeys: keys)
        let callbacks = try await sink.asyncMap { try await CallbackSink.listen(on: $0) }
        let result = try await LoadRun(plan: plan, server: server, sink: callbacks, processes: pid).run()
        print(json ? try result.json() : result.text)
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
