import KeyLog

extension AccountChain {
    /// The account as receiver of a message, with one verified key for each of its devices.
    ///
    /// - Parameters:
    ///   - records: one for each device; who has several for one passes the one to use.
    ///   - sender: the sending device, when the account is the sender's own: it gets no slot.
    ///   - newestNamed: when the newest rotating key of a device was made that it has named in a message. An older rotating
    ///     key is not sealed to: a server that hands it out hides the newer one.
    ///   - now: milliseconds since 1970.
    public func recipient(
        records: [Signed<KeyRecord>], without sender: DeviceFingerprint? = nil,
        newestNamed: [DeviceFingerprint: UInt64] = [:], now: UInt64
    ) -> Recipient {
        let byDevice = Dictionary(records.map { ($0.object.device, $0) }) { first, _ in first }
        var keys: [SealingKey] = []
        var skipped: [SkippedDevice] = []
        for certificate in devices.sorted(by: { $0.device < $1.device }) where certificate.device != sender {
            do throws(SkipReason) {
                let record = byDevice[certificate.device]
                keys.append(try sealingKey(record, of: certificate, notBefore: newestNamed[certificate.device], now: now))
            } catch {
                skipped.append(SkippedDevice(account: account, device: certificate.device, reason: error.reason))
            }
        }
        return Recipient(account: account, seq: seq, keys: keys, skipped: skipped)
    }

    private struct SkipReason: Error {
        let reason: SkippedDevice.Reason
    }

    private func sealingKey(
        _ signed: Signed<KeyRecord>?, of certificate: DeviceCertificate, notBefore: UInt64?, now: UInt64
    ) throws(SkipReason) -> SealingKey {
        guard let suite = certificate.suite else { throw SkipReason(reason: .unknownSuite) }
        guard let signed else { throw SkipReason(reason: .noKey) }
        let record = signed.object
        guard record.account == account, record.kem == certificate.kem, record.expires > now,
            signed.isValid(by: certificate.deviceKey, server: server)
        else { throw SkipReason(reason: .wrongRecord) }
        if record.kind == .rotating, let notBefore, record.created < notBefore { throw SkipReason(reason: .olderThanNamed) }
        guard let key = KEMPublicKey(suite: suite, bytes: record.publicKey) else { throw SkipReason(reason: .wrongKey) }
        return SealingKey(
            device: certificate.device, id: KeyID(of: record), suite: suite, kind: record.kind, publicKey: key)
    }
}
