import NIOCore

/// Closes a channel once a time has passed that moves with every request: one task of the event loop looks again and again, where
/// a task for each request costs several microseconds. For use on the channel's event loop.
final class MovingDeadline {
    private var end: NIODeadline?
    private var look: (at: NIODeadline, task: Scheduled<Void>)?

    var isSet: Bool { end != nil }

    func set(after time: Duration, _ context: ChannelHandlerContext) {
        let end = NIODeadline.now() + TimeAmount(time)
        self.end = end
        if let look, look.at <= end { return }
        look?.task.cancel()
        scheduleLook(at: end, context)
    }

    func clear() { end = nil }

    /// Nothing is closed any more, and the channel is let go.
    func cancel() {
        end = nil
        look?.task.cancel()
        look = nil
    }

    private func scheduleLook(at time: NIODeadline, _ context: ChannelHandlerContext) {
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in
            guard let self else { return }
            look = nil
            guard let end else { return }
            if end <= .now() { context.close(promise: nil) } else { scheduleLook(at: end, context) }
        }
        look = (time, task)
    }
}
