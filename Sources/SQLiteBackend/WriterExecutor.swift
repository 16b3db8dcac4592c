import Dispatch

/// The one thread that writes. Tasks that prefer it go on there from one transaction to the next.
final class WriterExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "messenger.writer")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    func run(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
