import Hummingbird
import MessengerCore
import ServiceLifecycle

/// Ends the live streams as soon as the server is asked to stop: it waits for its connections, and they would wait for it.
struct HTTPService<Application: ApplicationProtocol>: Service {
    let application: Application
    let streams: LiveStreams

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            streams.close()
        }
    }
}
