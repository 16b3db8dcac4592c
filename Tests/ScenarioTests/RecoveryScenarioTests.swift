import Foundation
import TestSupport
import Testing

/// The built `messenger` when devices are lost and new ones come, typed into real terminals.
@Suite(.timeLimit(.minutes(10)))
struct RecoveryScenarioTests {
    @Test func `A lost device is replaced by the recovery secret, its history comes back, and a tablet is linked`() async throws {
        try await ServerProcess.run { server in
            try await TerminalWindow.run(columns: 130, rows: 50, environment: TerminalWindow.builtPrograms) { ann in
                try await TerminalWindow.run(columns: 130, rows: 50, environment: TerminalWindow.builtPrograms) { tablet in
                    let secret = try await ann.register("ann", phone: "1", on: server)
                    try await tablet.register("bob", phone: "2", on: server)
                    try await tablet.enter("clear; messenger send ann 'Before the loss'")
                    try await tablet.shows("✓ sent")
                    try await backUpAndLose(ann, secret, on: server)
                    try await tablet.enter("clear; messenger send ann 'After the loss'")
                    try await tablet.shows("✓ sent")
                    try await recover(ann, secret, bob: tablet, on: server)
                    try await link(tablet, by: ann, on: server)
                }
            }
        }
    }

    private func backUpAndLose(_ ann: TerminalWindow, _ secret: String, on server: ServerProcess) async throws {
        let folder = server.folder.path
        try await ann.enter("clear; messenger inbox && messenger backup \(folder)/ann.backup; echo status $?")
        try await ann.shows("Before the loss")
        try await ann.shows("Recovery secret:")
        try await ann.enter(secret)
        try await ann.shows("status 0")
        try await ann.enter("clear; rm -r \(folder)/ann/messenger; messenger inbox; echo status $?")
        try await ann.shows("status 77")
    }

    private func recover(_ ann: TerminalWindow, _ secret: String, bob: TerminalWindow, on server: ServerProcess) async throws {
        try await ann.enter("clear; messenger login ann --server \(server.address) --recover --passphrase; echo status $?")
        try await answer(ann, "Passphrase for", "green tea")
        try await answer(ann, "Again:", "green tea")
        try await ann.acceptCertificate(of: server)
        try await answer(ann, "Password of ann:", TerminalWindow.password)
        try await answer(ann, "Recovery secret:", secret)
        try await ann.shows("status 0")
        try await ann.enter("clear; messenger restore \(server.folder.path)/ann.backup; echo status $?")
        try await answer(ann, "Passphrase of", "green tea")
        try await answer(ann, "Recovery secret:", secret)
        try await ann.shows("1 messages brought back.")
        try await ann.shows("status 0")
        // What was in flight is asked for, and comes once its sender's client has run.
        try await ann.enter("clear; messenger inbox; echo status $?")
        try await answer(ann, "Passphrase of", "green tea")
        try await ann.shows("status 0")
        try await bob.enter("clear; messenger inbox; echo status $?")
        try await bob.shows("status 0")
        try await ann.enter("clear; messenger inbox")
        try await answer(ann, "Passphrase of", "green tea")
        try await ann.shows("After the loss")
        try await ann.enter("clear; messenger export")
        try await answer(ann, "Passphrase of", "green tea")
        try await ann.shows("Before the loss")
    }

    private func link(_ tablet: TerminalWindow, by ann: TerminalWindow, on server: ServerProcess) async throws {
        try await tablet.enter("export XDG_DATA_HOME=\(server.folder.path)/tablet; clear")
        try await tablet.enter("messenger login ann --server \(server.address)")
        try await tablet.acceptCertificate(of: server)
        try await answer(tablet, "Password of ann:", TerminalWindow.password)
        try await tablet.shows("does not belong to the account yet")
        try await tablet.enter("clear; messenger link --name 'the tablet' --json; messenger export")
        try await tablet.shows(#""code":"messenger-link:"#)
        let code = try await tablet.screen().joined().firstMatch(of: /messenger-link:[A-Za-z0-9_-]+/)
        try await ann.enter("clear; messenger link --approve")
        try await answer(ann, "Code of the new device:", String(try #require(code).output))
        try await answer(ann, "Passphrase of", "green tea")
        try await answer(ann, "Shall the tablet read and write in your name?", "yes")
        try await answer(ann, "Passphrase, to link it:", "green tea")
        try await ann.shows("the tablet belongs to your account now.")
        try await answer(ann, "get everything written until now, too?", "yes")
        try await ann.shows("The history is on its way to the tablet.")
        try await tablet.shows("Before the loss")
        try await tablet.shows("After the loss")
        try await revoke(tablet, by: ann)
    }

    private func revoke(_ tablet: TerminalWindow, by ann: TerminalWindow) async throws {
        try await ann.enter("clear; messenger devices")
        try await answer(ann, "Passphrase of", "green tea")
        try await ann.shows("If you did not add it")
        let command = try await ann.screen().compactMap { $0.firstMatch(of: /messenger devices revoke [0-9a-f]+/) }.first
        try await ann.enter("clear; \(try #require(command).output)")
        try await answer(ann, "Passphrase of", "green tea")
        try await ann.shows("It is out of the account.")
        try await tablet.enter("clear; messenger send bob 'I am Ann'; echo status $?")
        try await tablet.shows("status 77")
    }

    /// The question that stands last: one like it may still be on the screen from before.
    private func answer(_ window: TerminalWindow, _ question: String, _ answer: String) async throws {
        try await window.shows(question) { $0.last { !$0.isEmpty }?.contains(question) == true }
        try await window.enter(answer)
    }
}
