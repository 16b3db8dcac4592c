import CRabbitMQ
import Glibc

extension RabbitMQConnection {
    /// Both sides send one each that many seconds, and take two missed ones for a broken connection.
    private static let heartbeat: Int32 = 5
    private static let frameLimit: Int32 = 131_072
    /// Holds a round of hints, so that publishing it does not wait for the broker.
    private static let sendBuffer: Int32 = 256 << 10
    /// Where systems keep the certificate authorities that they trust: Debian, Fedora, Alpine, SUSE.
    private static let systemAuthorities = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
    ]

    /// A state that has logged in and has its channel; whoever gets it must destroy it.
    static func open(
        _ address: RabbitMQAddress, _ name: String, _ patience: Duration
    ) throws(RabbitMQFailure) -> amqp_connection_state_t {
        guard let state = amqp_new_connection() else {
            throw RabbitMQFailure(step: .open, cause: .status(AMQP_STATUS_NO_MEMORY), address: address)
        }
        do throws(RabbitMQFailure) {
            try connect(state, address, patience)
            try logIn(state, address, name, patience)
        } catch {
            amqp_destroy_connection(state)
            throw error
        }
        return state
    }

    private static func connect(
        _ state: amqp_connection_state_t, _ address: RabbitMQAddress, _ patience: Duration
    ) throws(RabbitMQFailure) {
        func failure(_ cause: RabbitMQFailure.Cause) -> RabbitMQFailure {
            RabbitMQFailure(step: .open, cause: cause, address: address)
        }
        guard let socket = address.usesTLS ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state) else {
            throw failure(.status(AMQP_STATUS_NO_MEMORY))
        }
        if address.usesTLS {
            let file = address.authoritiesFile ?? systemAuthorities.first { access($0, R_OK) == 0 }
            guard let file, amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
                throw failure(.noAuthorities)
            }
            amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
        }
        var limit = timeval(patience)
        let status = amqp_socket_open_noblock(socket, address.host, Int32(address.port), &limit)
        guard status == AMQP_STATUS_OK.rawValue else { throw failure(.status(amqp_status_enum(status))) }
        var size = sendBuffer
        setsockopt(amqp_get_sockfd(state), SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout.size(ofValue: size)))
    }

    private static func logIn(
        _ state: amqp_connection_state_t, _ address: RabbitMQAddress, _ name: String, _ patience: Duration
    ) throws(RabbitMQFailure) {
        var limit = timeval(patience)
        amqp_set_handshake_timeout(state, &limit)
        amqp_set_rpc_timeout(state, &limit)
        var reply = name.withAMQPBytes { name in
            // To be told when a queue that it consumes has gone.
            withAMQPTable([("consumer_cancel_notify", .init(true))]) { capabilities in
                withAMQPTable([("connection_name", .init(name)), ("capabilities", .init(capabilities))]) { properties in
                    var properties = properties
                    return amqp_login_plain(
                        state, address.vhost, Int32(channel), frameLimit, heartbeat, &properties, address.user,
                        address.password)
                }
            }
        }
        if reply.reply_type == AMQP_RESPONSE_NORMAL {
            amqp_channel_open(state, channel)
            reply = amqp_get_rpc_reply(state)
        }
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else {
            throw RabbitMQFailure(step: .logIn, cause: .init(reply), address: address)
        }
    }
}
