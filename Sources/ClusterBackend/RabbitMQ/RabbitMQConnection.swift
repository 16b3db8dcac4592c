import CRabbitMQ
import Glibc
import MessengerCore

/// One connection to the broker, with one channel.
///
/// librabbitmq has no locks, so it stays on the thread that opened it. Its calls block, each for no longer than the patience
/// it was opened with, except that a broker that stops amid a message is given two heartbeats. After a failure it is of no
/// more use; it closes its socket when it goes.
struct RabbitMQConnection: ~Copyable {
    static let exchange = "messenger.hints"
    static let channel: amqp_channel_t = 1
    private static let patienceAtGoodbye = Duration.milliseconds(500)

    let address: RabbitMQAddress
    let state: amqp_connection_state_t

    /// - Parameters:
    ///   - name: what operators see in the broker's list of connections.
    ///   - patience: how long connecting, logging in and each call may take.
    init(to address: RabbitMQAddress, name: String, patience: Duration) throws(RabbitMQFailure) {
        state = try Self.open(address, name, patience)
        self.address = address
    }

    deinit { amqp_destroy_connection(state) }

    /// Takes leave of the broker, which would write a warning otherwise.
    consuming func close() {
        var limit = timeval(Self.patienceAtGoodbye)
        amqp_set_rpc_timeout(state, &limit)
        _ = amqp_connection_close(state, AMQP_REPLY_SUCCESS)
    }

    /// Returns when the bell was rung, when there is something to read, or when `limit` has passed. Call it only when all that
    /// had come has been read.
    func wait(for bell: ThreadBell, atMost limit: Duration) { bell.wait(orFor: amqp_get_sockfd(state), atMost: limit) }

    /// Makes the exchange when it is not there.
    func declareExchange() throws(RabbitMQFailure) {
        let (state, kind) = (state, amqp_bytes_t("direct"))
        _ = Self.exchange.withAMQPBytes {
            amqp_exchange_declare(state, Self.channel, $0, kind, 0, 0, 0, 0, amqp_empty_table)
        }
        try checkReply(.declareExchange)
    }

    /// Throws unless the last call got the answer it wanted.
    func checkReply(_ step: RabbitMQFailure.Step) throws(RabbitMQFailure) {
        let reply = amqp_get_rpc_reply(state)
        if reply.reply_type != AMQP_RESPONSE_NORMAL { throw failure(.init(reply), step) }
    }

    func failure(_ cause: RabbitMQFailure.Cause, _ step: RabbitMQFailure.Step) -> RabbitMQFailure {
        RabbitMQFailure(step: step, cause: cause, address: address)
    }
}

extension timeval {
    init(_ duration: Duration) {
        let milliseconds = duration.milliseconds
        self.init(tv_sec: Int(milliseconds / 1_000), tv_usec: Int(milliseconds % 1_000) * 1_000)
    }
}
