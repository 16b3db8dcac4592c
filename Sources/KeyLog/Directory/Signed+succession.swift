extension Signed<AccountState> {
    /// Whether the state comes right after `previous`, or is the first of its account when that is nil. Who signed it is
    /// another question.
    package func follows(_ previous: AccountState?, server: ServerID) -> Bool {
        guard let previous else {
            return object.seq == 1 && object.previous == .zero
                && object.account == AccountID(server: server, firstKey: object.accountKey)
        }
        let (next, overflow) = previous.seq.addingReportingOverflow(1)
        return !overflow && object.seq == next && object.previous == StateHash(of: previous) && object.account == previous.account
    }

    /// Whether it is signed with the account key of the state before it; the first one with its own.
    package func isSigned(after previous: AccountState?, server: ServerID) -> Bool {
        isValid(by: previous?.accountKey ?? object.accountKey, server: server)
    }
}

extension Signed<DeviceCertificate> {
    /// Whether it is of that account, first listed in `state`, and signed with the account key that it names.
    /// - Parameter previous: the state before that one.
    package func isListed(first state: AccountState, after previous: AccountState?, server: ServerID) -> Bool {
        let hash = CertificateHash(of: object)
        return object.account == state.account && object.firstSeq == state.seq && state.certificates.contains(hash)
            && previous?.certificates.contains(hash) != true && isValid(by: state.accountKey, server: server)
    }
}
