import MessengerCore

/// Equal when they are of the same device and address, whatever was found with them.
extension CallbackDue: Equatable {
    public static func == (left: CallbackDue, right: CallbackDue) -> Bool {
        left.device == right.device && left.address == right.address
    }
}
