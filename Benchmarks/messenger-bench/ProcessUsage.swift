import Foundation
import Glibc

/// What processes have taken so far.
struct ProcessUsage: Sendable {
    /// User and system time, in seconds.
    let processorTime: Double
    /// Resident memory, in bytes.
    let memory: Int

    /// Processes that are not there count nothing.
    init(of processes: [pid_t]) {
        var (time, memory) = (0.0, 0)
        for process in processes {
            guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                let statm = try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8)
            else { continue }
            // Behind the name, which may hold anything: state is the 3rd field, utime and stime are the 14th and 15th.
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            time += fields.dropFirst(11).prefix(2).compactMap { Double($0) }.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
            memory += (statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
        }
        processorTime = time
        self.memory = memory
    }
}

enum FileLimit {
    /// To what the system allows: each connection is a file.
    static func raise() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
