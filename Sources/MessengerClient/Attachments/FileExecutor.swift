import Dispatch

/// A thread of its own for what reads and writes files.
final class FileExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "messenger.files")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
