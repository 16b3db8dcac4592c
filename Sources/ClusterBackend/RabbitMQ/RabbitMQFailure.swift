import CRabbitMQ

/// Why something at the broker did not work. Its description is one line for the operator: what is wrong and what to do.
struct RabbitMQFailure: Error, CustomStringConvertible {
    enum Step {
        case open, logIn, declareExchange, declareQueue, bind, consume, publish
    }

    enum Cause {
        /// What librabbitmq says.
        case status(amqp_status_enum)
        /// What the broker says.
        case refused(code: UInt16, text: String)
        /// A queue that we consume was deleted.
        case queueGone
        /// The broker took a message and did not answer for it in time.
        case unconfirmed
        /// There is no certificate authority to trust, or its file cannot be read.
        case noAuthorities
    }

    let step: Step
    let cause: Cause
    let address: RabbitMQAddress

    var description: String { "\(address): \(reason)" }

    private var reason: String {
        switch cause {
        case .status(let status): step == .open || step == .logIn ? greeting(status) : "lost the connection (\(status.text))"
        case .refused(let code, let text): refusal(code, text)
        case .queueGone: "somebody deleted a queue of ours; it is made again"
        case .unconfirmed:
            "takes messages but confirms none; look for a memory or disk alarm with: rabbitmq-diagnostics alarms"
        case .noAuthorities:
            if let file = address.authoritiesFile {
                "\(file) has no certificate authorities that can be read; correct cacertfile"
            } else {
                "this machine has no list of certificate authorities; install ca-certificates, or name one by ?cacertfile=PATH"
            }
        }
    }

    private func greeting(_ status: amqp_status_enum) -> String {
        switch status {
        case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED: "the host name cannot be resolved; correct it"
        case AMQP_STATUS_TIMEOUT, AMQP_STATUS_HEARTBEAT_TIMEOUT:
            "does not answer; look whether RabbitMQ is well there and no firewall is between"
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
            "its certificate is not trusted; name the authority that issued it by ?cacertfile=PATH"
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED: "its certificate is for another host name; use a name that is in it"
        case AMQP_STATUS_SSL_CONNECTION_FAILED, AMQP_STATUS_SSL_ERROR:
            "the TLS handshake failed; look whether that port speaks TLS (usually 5671), or use amqp://"
        case _ where step == .logIn:
            "closed the connection at login (\(status.text)); look whether RabbitMQ is there, and without TLS (amqps:// with it)"
        default: "nothing accepts connections there; start RabbitMQ, or correct host and port"
        }
    }

    private func refusal(_ code: UInt16, _ text: String) -> String {
        switch (step, Int32(code)) {
        case (.logIn, AMQP_ACCESS_REFUSED): "the user or the password is wrong; correct them (guest may only come from loopback)"
        case (.logIn, AMQP_NOT_ALLOWED) where text.contains("not found"):
            "there is no such vhost; make it with: rabbitmqctl add_vhost '\(address.vhost)'"
        case (.logIn, AMQP_NOT_ALLOWED): "the user may not use the vhost; \(grant)"
        case (_, AMQP_ACCESS_REFUSED): "the user lacks the \(permission(for: text)) permission; \(grant)"
        case (_, AMQP_PRECONDITION_FAILED):
            "an exchange or a queue of that name is there with other properties; delete it, or use another vhost (\(text))"
        default: "the broker says \(code) \(text)"
        }
    }

    private func permission(for refusal: String) -> String {
        switch step {
        case .open, .logIn, .declareExchange, .declareQueue: "configure"
        // Binding reads from the exchange and writes to the queue.
        case .bind: refusal.contains("access to queue") ? "write" : "read"
        case .consume: "read"
        case .publish: "write"
        }
    }

    private var grant: String {
        let names = #"'^messenger\.'"#
        return "grant it with: rabbitmqctl set_permissions -p '\(address.vhost)' '\(address.user)' \(names) \(names) \(names)"
    }
}

extension amqp_status_enum {
    init(_ code: Int32) { self.init(rawValue: code) }

    var text: String { String(cString: amqp_error_string2(rawValue)) }
}

extension RabbitMQFailure.Cause {
    /// What an answer that is not normal says.
    init(_ reply: amqp_rpc_reply_t) {
        switch reply.reply_type {
        case AMQP_RESPONSE_SERVER_EXCEPTION: self.init(reply.reply)
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: self = .status(amqp_status_enum(reply.library_error))
        default: self = .status(AMQP_STATUS_CONNECTION_CLOSED)
        }
    }

    /// What a method says by which the broker ends a connection, a channel or a consumer.
    init(_ method: amqp_method_t) {
        switch (method.id, method.decoded) {
        case (AMQP_CONNECTION_CLOSE_METHOD, let body?):
            let close = body.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            self = .refused(code: close.reply_code, text: close.reply_text.oneLine)
        case (AMQP_CHANNEL_CLOSE_METHOD, let body?):
            let close = body.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            self = .refused(code: close.reply_code, text: close.reply_text.oneLine)
        case (AMQP_BASIC_CANCEL_METHOD, _): self = .queueGone
        default: self = .status(AMQP_STATUS_UNEXPECTED_STATE)
        }
    }
}

extension amqp_bytes_t {
    /// The text without control characters, which could forge a line.
    fileprivate var oneLine: String {
        String(
            String(decoding: UnsafeRawBufferPointer(start: bytes, count: len), as: UTF8.self)
                .unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
    }
}
