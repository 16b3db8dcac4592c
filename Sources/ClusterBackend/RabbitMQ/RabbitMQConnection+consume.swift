import CRabbitMQ
import Glibc
import MessengerCore

extension RabbitMQConnection {
    /// The queue from which a hint goes to one of the senders.
    static let senderQueue = "messenger.senders"
    /// The most messages that a queue keeps; beyond it the oldest go, since a poll will do as well.
    private static let queueLimit: Int32 = 1_000

    /// Makes a queue that goes with this connection.
    func declareOwnQueue(_ name: String) throws(RabbitMQFailure) { try declareQueue(name, isOwn: true) }

    /// Makes the queue that all senders share when it is not there.
    func declareSenderQueue() throws(RabbitMQFailure) { try declareQueue(Self.senderQueue, isOwn: false) }

    private func declareQueue(_ name: String, isOwn: Bool) throws(RabbitMQFailure) {
        let state = state
        name.withAMQPBytes { name in
            withAMQPTable([("x-max-length", .init(Self.queueLimit))]) { arguments in
                _ = amqp_queue_declare(state, Self.channel, name, 0, 0, isOwn ? 1 : 0, isOwn ? 1 : 0, arguments)
            }
        }
        try checkReply(.declareQueue)
    }

    /// Has the exchange put what is for that key into the queue. Twice is once.
    func bind(_ queue: String, to key: String) throws(RabbitMQFailure) {
        let state = state
        withNames(queue, key) { amqp_queue_bind(state, Self.channel, $0, $1, $2, amqp_empty_table) }
        try checkReply(.bind)
    }

    /// The opposite of `bind`.
    func unbind(_ queue: String, from key: String) throws(RabbitMQFailure) {
        let state = state
        withNames(queue, key) { amqp_queue_unbind(state, Self.channel, $0, $1, $2, amqp_empty_table) }
        try checkReply(.bind)
    }

    private func withNames(
        _ queue: String, _ key: String, _ body: (amqp_bytes_t, amqp_bytes_t, amqp_bytes_t) -> UnsafeMutablePointer<some Any>?
    ) {
        queue.withAMQPBytes { queue in
            Self.exchange.withAMQPBytes { exchange in key.withAMQPBytes { key in _ = body(queue, exchange, key) } }
        }
    }

    /// From now on `nextMessage` brings what is in the queue, too. Nothing is acknowledged: what is lost is lost.
    func consume(_ queue: String) throws(RabbitMQFailure) {
        let state = state
        queue.withAMQPBytes { queue in
            _ = amqp_basic_consume(state, Self.channel, queue, amqp_empty_bytes, 0, 1, 0, amqp_empty_table)
        }
        try checkReply(.consume)
    }

    /// A message that has come, read by `read`, without waiting for one; nil when none has. Sends a heartbeat when it is time.
    func nextMessage<Value>(_ read: (UnsafeRawBufferPointer) -> Value) throws(RabbitMQFailure) -> Value? {
        amqp_maybe_release_buffers(state)
        var envelope = amqp_envelope_t()
        var now = timeval()
        let reply = amqp_consume_message(state, &envelope, &now, 0)
        if reply.reply_type == AMQP_RESPONSE_NORMAL {
            defer { amqp_destroy_envelope(&envelope) }
            return read(UnsafeRawBufferPointer(start: envelope.message.body.bytes, count: envelope.message.body.len))
        }
        guard reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION else { throw failure(.init(reply), .consume) }
        switch amqp_status_enum(reply.library_error) {
        case AMQP_STATUS_TIMEOUT: return nil
        case AMQP_STATUS_UNEXPECTED_STATE: throw try interruption()
        case let status: throw failure(.status(status), .consume)
        }
    }

    /// What came in place of a message.
    private func interruption() throws(RabbitMQFailure) -> RabbitMQFailure {
        var frame = amqp_frame_t()
        var now = timeval()
        let status = amqp_status_enum(amqp_simple_wait_frame_noblock(state, &frame, &now))
        guard status == AMQP_STATUS_OK else { return failure(.status(status), .consume) }
        guard frame.frame_type == AMQP_FRAME_METHOD else { return failure(.status(AMQP_STATUS_UNEXPECTED_STATE), .consume) }
        return failure(.init(frame.payload.method), .consume)
    }
}
