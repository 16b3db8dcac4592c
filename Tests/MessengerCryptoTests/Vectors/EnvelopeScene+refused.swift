import KeyLog

@testable import MessengerCrypto

extension EnvelopeScene {
    /// One or more envelopes for each code up to E12.
    mutating func addRefused() throws {
        let good = try CraftedEnvelope(world, message(), from: ann.phone, to: toBob)
        let bytes = try good.bytes()
        addMalformed(bytes)
        func crafted(_ change: (inout CraftedEnvelope) throws -> Void) rethrows -> CraftedEnvelope {
            var crafted = good
            try change(&crafted)
            return crafted
        }
        try add("E01 slots unsorted", crafted { $0.changeSlots = { $0.reversed() } })
        try add("E01 slot doubled", crafted { $0.changeSlots = { [$0[0], $0[0], $0[1]] } })
        add(changed("E02 version of the envelope", bytes, at: 0, to: 2))
        try add("E02 version of the message", crafted { $0.message[0] = 2 })
        add(Case(name: "E03 no slot", envelope: bytes, isToAnn: true))
        add(Case(name: "E04 key gone", envelope: bytes, hasKey: false))
        add(Case(name: "E05 another suite", envelope: bytes, suite: .x25519))
        try addSealingErrors(good, bytes)
        try add("E07 another secret in the slots", crafted { $0.slotSecret = TestWorld.seed("other secret") })
        try add("E07 another commitment", crafted { $0.commitment = Array(repeating: 7, count: 32) })
        try add("E09 larger bucket than needed", crafted { $0.paddedSize = 2048 })
        try add("E09 padding not zero", crafted { $0.padding = 1 })
        try add("E09 content longer than the body", crafted { $0.message[253] = 1 })
        let annID = ann.id
        try add("E10 for another account inside", crafted { $0.toAccount = annID })
        add(Case(name: "E10 from another than the server names", envelope: bytes, isClaimedFromBob: true))
        var foreign = try message()
        foreign.fromDevice = bob.phone.fingerprint
        try add("E11 a device of somebody else", CraftedEnvelope(world, foreign, from: ann.phone, to: toBob))
        var future = try message()
        future.fromSeq = 99
        try add("E11 a state that nobody knows", CraftedEnvelope(world, future, from: ann.phone, to: toBob))
        try add("E12 by another device of the account", CraftedEnvelope(world, message(), from: ann.devices[1], to: toBob))
        try add(
            "E12 commitment of small order", crafted { $0.changeSignature = { [1] + Array(repeating: 0, count: 31) + $0[32...] } }
        )
        try add("E13 at a state that never was", crafted { $0.toSeq = 9 })
    }

    private mutating func addMalformed(_ bytes: [UInt8]) {
        add(Case(name: "E01 empty", envelope: []))
        add(Case(name: "E01 cut", envelope: Array(bytes.dropLast())))
        add(Case(name: "E01 a byte after the end", envelope: bytes + [0]))
        add(changed("E01 a flag", bytes, at: 1, to: 1))
        add(changed("E01 no slots", bytes, at: 3, to: 0))
        add(changed("E01 17 slots", bytes, at: 3, to: 17))
        add(changed("E01 a body of no bucket", bytes, at: 7, to: 0x0F))
    }

    /// E06 and E08.
    private mutating func addSealingErrors(_ good: CraftedEnvelope, _ bytes: [UInt8]) throws {
        func place(_ device: TestDevice) -> Int { bytes.firstRange(of: device.fingerprint.bytes)?.lowerBound ?? 0 }
        let phone = place(bob.phone)
        let web = place(bob.devices[1])
        add(changed("E06 ML-KEM part changed", bytes, at: phone + 36, to: bytes[phone + 36] ^ 1))
        add(changed("E06 X25519 part changed", bytes, at: phone + 36 + 1088, to: bytes[phone + 36 + 1088] ^ 1))
        add(changed("E06 sealed secret changed", bytes, at: phone + 36 + 1120, to: bytes[phone + 36 + 1120] ^ 1))
        add(changed("E06 commitment changed", bytes, at: 8, to: bytes[8] ^ 1))
        var smallOrder = bytes
        smallOrder.replaceSubrange(web + 36..<web + 68, with: Array(repeating: 0, count: 32))
        add(Case(name: "E06 point of small order", envelope: smallOrder, device: 1))
        var elsewhere = good
        elsewhere.slotServer = try TestWorld("elsewhere").server
        try add("E06 for another installation", elsewhere)
        var toAnother = good
        toAnother.recipient = Recipient(account: ann.id, seq: ann.seq, keys: good.recipient.keys, skipped: [])
        try add("E06 sealed for another account", toAnother)
        add(changed("E08 body changed", bytes, at: bytes.count - 1, to: bytes[bytes.count - 1] ^ 1))
        add(changed("E08 slot of another device changed", bytes, at: web + 50, to: bytes[web + 50] ^ 1))
        var removed = bytes
        removed.removeSubrange(web..<web + 116)
        removed[3] = 1
        add(Case(name: "E08 slot removed", envelope: removed))
    }

    private func changed(_ name: String, _ bytes: [UInt8], at place: Int, to value: UInt8) -> Case {
        var bytes = bytes
        bytes[place] = value
        return Case(name: name, envelope: bytes)
    }
}
