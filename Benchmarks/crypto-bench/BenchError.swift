enum BenchError: Error {
    case unexpected
}
