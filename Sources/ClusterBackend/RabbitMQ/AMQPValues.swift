import CRabbitMQ

extension amqp_bytes_t {
    /// A text that stays.
    init(_ text: StaticString) {
        self.init(len: text.utf8CodeUnitCount, bytes: UnsafeMutableRawPointer(mutating: text.utf8Start))
    }
}

extension String {
    /// Lends the text to a call that only reads it.
    func withAMQPBytes<Value>(_ body: (amqp_bytes_t) -> Value) -> Value {
        var copy = self
        return copy.withUTF8 { body(amqp_bytes_t(len: $0.count, bytes: UnsafeMutableRawPointer(mutating: $0.baseAddress))) }
    }
}

extension amqp_field_value_t {
    init(_ number: Int32) {
        self.init()
        kind = UInt8(AMQP_FIELD_KIND_I32.rawValue)
        value.i32 = number
    }

    init(_ flag: Bool) {
        self.init()
        kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
        value.boolean = flag ? 1 : 0
    }

    /// The text must outlive the value.
    init(_ text: amqp_bytes_t) {
        self.init()
        kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
        value.bytes = text
    }

    /// The table must outlive the value.
    init(_ table: amqp_table_t) {
        self.init()
        kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
        value.table = table
    }
}

/// Lends a table to a call that only reads it.
func withAMQPTable<Value>(_ entries: [(StaticString, amqp_field_value_t)], _ body: (amqp_table_t) -> Value) -> Value {
    var entries = entries.map { amqp_table_entry_t(key: amqp_bytes_t($0), value: $1) }
    return entries.withUnsafeMutableBufferPointer {
        body(amqp_table_t(num_entries: Int32($0.count), entries: $0.baseAddress))
    }
}
