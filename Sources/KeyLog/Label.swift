import Crypto

/// `L(x)`: ASCII `messenger/v1/`, the name and a zero byte. It stands before everything that is hashed or signed, so that
/// bytes made for one purpose never serve another.
package enum Label {
    package static func bytes(_ name: StaticString) -> [UInt8] {
        var label = Array("messenger/v1/".utf8)
        name.withUTF8Buffer { label.append(contentsOf: $0) }
        label.append(0)
        return label
    }

    /// SHA-256 of the label and the parts, which must have fixed lengths or say their own.
    package static func hash(_ name: StaticString, _ parts: [UInt8]...) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: bytes(name))
        for part in parts { hash.update(data: part) }
        return Array(hash.finalize())
    }
}
