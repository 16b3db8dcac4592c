import CRabbitMQ
import Glibc

extension RabbitMQConnection {
    /// The broker's answer for one published message, or for all up to it.
    struct Confirmation {
        let tag: UInt64
        let upToTag: Bool
    }

    /// From now on the broker answers for each message that is published.
    func startConfirms() throws(RabbitMQFailure) {
        amqp_confirm_select(state, Self.channel)
        try checkReply(.publish)
    }

    /// Hands a message over to the socket. One for which no queue is bound is confirmed and dropped.
    func publish(_ body: [UInt8], to key: String) throws(RabbitMQFailure) {
        let state = state
        let status = body.withUnsafeBytes { body in
            Self.exchange.withAMQPBytes { exchange in
                key.withAMQPBytes { key in
                    let body = amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress))
                    return amqp_basic_publish(state, Self.channel, exchange, key, 0, 0, nil, body)
                }
            }
        }
        if status != AMQP_STATUS_OK.rawValue { throw failure(.status(amqp_status_enum(status)), .publish) }
    }

    /// What the broker has answered, without waiting; nil when nothing has come. Sends a heartbeat when it is time.
    func nextConfirmation() throws(RabbitMQFailure) -> Confirmation? {
        while true {
            amqp_maybe_release_buffers(state)
            var frame = amqp_frame_t()
            var now = timeval()
            let status = amqp_status_enum(amqp_simple_wait_frame_noblock(state, &frame, &now))
            if status == AMQP_STATUS_TIMEOUT { return nil }
            guard status == AMQP_STATUS_OK else { throw failure(.status(status), .publish) }
            guard frame.frame_type == AMQP_FRAME_METHOD else { continue }

            let method = frame.payload.method
            switch (method.id, method.decoded) {
            case (AMQP_BASIC_ACK_METHOD, let body?):
                let answer = body.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
                return Confirmation(tag: answer.delivery_tag, upToTag: answer.multiple != 0)
            case (AMQP_BASIC_NACK_METHOD, let body?):
                // It could not take a hint, which is then lost as a hint may be.
                let answer = body.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
                return Confirmation(tag: answer.delivery_tag, upToTag: answer.multiple != 0)
            case (AMQP_CHANNEL_CLOSE_METHOD, _), (AMQP_CONNECTION_CLOSE_METHOD, _): throw failure(.init(method), .publish)
            default: continue
            }
        }
    }
}
