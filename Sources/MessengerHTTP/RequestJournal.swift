import HTTPTypes
import Logging
import MessengerCore

/// What the log says about requests.
struct RequestJournal: Sendable {
    let time: TimeSource
    let outages: StoreOutages
    let logger: Logger

    /// One line: for those who look closely when it went well, for everybody when it did not.
    func answered(
        _ method: HTTPRequest.Method, _ path: String, id: String, status: HTTPResponse.Status, since start: Duration,
        client: IPAddress
    ) {
        logger.log(
            level: status.code < 400 ? .debug : .info, "\(method.rawValue) \(path)",
            metadata: [
                "id": "\(id)", "status": "\(status.code)",
                "ms": "\(Double(((time.uptime() - start).inSeconds * 1e5).rounded()) / 100)", "client": "\(client)",
            ])
    }

    /// The answer to an error; those that are not the client's doing are logged, an outage of the database as one.
    func answer(to error: any Error, id: String) -> APIError {
        guard let known = APIError(error) else {
            logger.error("Unexpected error", metadata: ["id": "\(id)", "error": "\(error)"])
            return .internal
        }
        if error is StoreError {
            outages.failed("a request", error)
        } else if known.status.code >= 500 {
            logger.warning("Unavailable", metadata: ["id": "\(id)", "error": "\(error)"])
        }
        return known
    }
}

extension HTTPFields {
    /// What every answer has.
    mutating func addCommon(requestID: String) {
        self[.cacheControl] = "no-store"
        self[.vary] = "Accept"
        self[.xRequestID] = requestID
    }
}
