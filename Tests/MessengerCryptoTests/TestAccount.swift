import KeyLog

@testable import MessengerCrypto

/// An account with all of its states, as its owner keeps them.
struct TestAccount {
    let name: NameLabel
    let id: AccountID
    var key: SigningKey
    var states: [Signed<AccountState>] = []
    var certificates: [Signed<DeviceCertificate>] = []
    /// Those in the newest state.
    var devices: [TestDevice] = []

    var seq: UInt32 { UInt32(states.count) }
    /// The first device.
    var phone: TestDevice { devices[0] }
    var records: [Signed<KeyRecord>] { devices.map(\.record) }
}
