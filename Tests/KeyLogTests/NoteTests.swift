import TestSupport
import Testing

@testable import KeyLog

@Suite("Signed notes and checkpoints", .timeLimit(.minutes(1)))
struct NoteTests {
    private let log: NoteSigner
    private let freshness: NoteSigner
    private let checkpoint = Checkpoint(origin: "messenger.example/log", size: 3, root: .leaf([1]))

    init() throws {
        log = try #require(
            NoteSigner(name: "messenger.example/log", kind: .ed25519, seed: Array(repeating: 1, count: 32)))
        freshness = try #require(
            NoteSigner(name: "messenger.example/fresh", kind: .cosignature, seed: Array(repeating: 2, count: 32)))
    }

    private var keys: LogKeys { LogKeys(log: log.verifierKey, freshness: freshness.verifierKey) }

    @Test("The note that the Go authors published is read and verified")
    func publishedNote() throws {
        let key = try #require(VerifierKey(text: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"))
        let bytes = Array(
            """
            If you think cryptography is the answer to your problem,
            then you don't know what your problem is.

            — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=

            """.utf8)
        let note = try SignedNote(bytes)
        #expect(try note.verify(key) != nil)
        #expect(note.bytes == bytes)
        #expect(key.description == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    }

    @Test("A checkpoint signed by the log and cosigned for freshness is opened, and tells its age")
    func checkpoints() throws {
        let note = try checkpoint.note(signedBy: [log, freshness], time: 1000)
        let opened = try keys.open(note.bytes)
        #expect(opened.checkpoint == checkpoint)
        #expect(opened.freshAt == 1000)
        #expect(opened.isFresh(at: 1000 + 3600) && !opened.isFresh(at: 1000 + 3601), "frozen logs are noticed after an hour")
        #expect(opened.isFresh(at: 0), "a clock may be a little behind")
        #expect(!SignedCheckpoint(checkpoint: checkpoint, freshAt: 9999).isFresh(at: 0), "but not stay fresh for hours")
        #expect(try keys.open(checkpoint.note(signedBy: [log]).bytes).isFresh(at: 0) == false)
    }

    @Test("Of several cosignatures the newest counts")
    func newestCosignature() throws {
        var note = try checkpoint.note(signedBy: [log, freshness], time: 1000)
        note.signatures.append(try freshness.signature(of: note.text, time: 5000))
        note.signatures.append(try freshness.signature(of: note.text, time: 3000))
        #expect(try keys.open(note.bytes).freshAt == 5000)
    }

    @Test("What the log's key has not signed is refused, and so is a wrong signature beside a good one")
    func refused() throws {
        #expect(throws: NoteError.notSigned) { try keys.open(checkpoint.note(signedBy: [freshness]).bytes) }
        let other = Checkpoint(origin: "elsewhere", size: 3, root: .leaf([1]))
        #expect(throws: NoteError.otherOrigin) { try keys.open(other.note(signedBy: [log]).bytes) }
        var forged = try checkpoint.note(signedBy: [log, freshness], time: 1000)
        forged.signatures[0] = NoteSignature(
            name: log.verifierKey.name, keyID: log.verifierKey.id, bytes: Array(repeating: 7, count: 64))
        #expect(throws: NoteError.badSignature) { try keys.open(forged.bytes) }
        var late = try checkpoint.note(signedBy: [log, freshness], time: 1000)
        var cosignature = late.signatures[1].bytes
        cosignature[7] ^= 1
        late.signatures[1] = NoteSignature(
            name: freshness.verifierKey.name, keyID: freshness.verifierKey.id, bytes: cosignature)
        #expect(throws: NoteError.badSignature) { try keys.open(late.bytes) }
    }

    @Test("A new key of the log is taken only when the old one has signed too")
    func newKey() throws {
        let next = try #require(
            NoteSigner(name: "messenger.example/log", kind: .ed25519, seed: Array(repeating: 3, count: 32)))
        let both = try checkpoint.note(signedBy: [log, next, freshness]).bytes
        #expect(try keys.replacingLog(by: next.verifierKey, introducedBy: both).log == next.verifierKey)
        let alone = try checkpoint.note(signedBy: [next]).bytes
        #expect(throws: NoteError.notSigned) { try keys.replacingLog(by: next.verifierKey, introducedBy: alone) }
        let oldAlone = try checkpoint.note(signedBy: [log]).bytes
        #expect(throws: NoteError.notSigned) { try keys.replacingLog(by: next.verifierKey, introducedBy: oldAlone) }
    }

    @Test("Keys are followed one by one to the one that signed, and no further or past a missing one")
    func chain() throws {
        let signers = try [log] + (3...5).map { byte in
            try #require(NoteSigner(name: "messenger.example/log", kind: .ed25519, seed: Array(repeating: byte, count: 32)))
        }
        let chain = try zip(signers, signers.dropFirst()).map { old, new in
            KeyIntroduction(key: new.verifierKey, note: try checkpoint.note(signedBy: [old, new]).bytes)
        }
        for signer in 1..<4 {
            let note = try checkpoint.note(signedBy: [signers[signer], freshness], time: 9).bytes
            for pinned in 0..<signer {
                let keys = LogKeys(log: signers[pinned].verifierKey, freshness: freshness.verifierKey)
                let (found, signed, introducedBy) = try keys.open(note, following: chain)
                #expect(found.log == signers[signer].verifierKey && signed.freshAt == 9)
                #expect(introducedBy == Array(repeating: checkpoint, count: signer - pinned))
                var holed = chain
                holed.remove(at: pinned)
                #expect(throws: NoteError.notIntroduced) { try keys.open(note, following: holed) }
                #expect(throws: NoteError.notIntroduced) { try keys.open(note, following: []) }
            }
        }
        let foreign = try checkpoint.note(signedBy: [freshness]).bytes
        #expect(throws: NoteError.notIntroduced) { try keys.open(foreign, following: chain) }
        let stolen = KeyIntroduction(key: signers[1].verifierKey, note: try checkpoint.note(signedBy: [log]).bytes)
        let note = try checkpoint.note(signedBy: [signers[1]]).bytes
        #expect(throws: NoteError.notSigned) { try keys.open(note, following: [stolen]) }
    }

    @Test("A changed, cut or bent note never verifies as another one, and never traps")
    func bent() throws {
        let bytes = try checkpoint.note(signedBy: [log, freshness], time: 1000).bytes
        var random = SeededRandom(seed: 4)
        for place in bytes.indices {
            var bent = bytes
            bent[place] ^= UInt8.random(in: 1...255, using: &random)
            // A changed name or id makes a signature of an unknown key; without the log's own nothing opens.
            if let opened = try? keys.open(bent) { #expect(opened.checkpoint == checkpoint) }
            // Cut after the log's own line, it is a checkpoint of unknown age.
            if let opened = try? keys.open(Array(bytes[..<place])) { #expect(opened.freshAt == nil) }
        }
    }

    @Test("Forms of a note that others could read differently are refused")
    func forms() throws {
        let line = "— a AAAAAAAA\n"
        for text in [
            "", "\n", "\n\n", "text\n", "text\n\n", "text\n\n— a AAAAAAAA", "text\n\n- a AAAAAAAA\n", "text\n\n—a AAAAAAAA\n",
            "text\n\n— a  AAAAAAAA\n", "text\n\n— a AAAA\n", "text\n\n— a+b AAAAAAAA\n", "\n" + line,
            "te\txt\n\n" + line, "text\r\n\n" + line, "text\n\n" + line + "\n",
        ] {
            #expect(throws: NoteError.malformed, "\(text)") { try SignedNote(Array(text.utf8)) }
        }
        #expect(throws: NoteError.malformed) { try SignedNote([0xFF] + Array("\n\n\(line)".utf8)) }
        #expect(try SignedNote(Array("text\n\n\(line)".utf8)).text == "text\n")
        #expect(try SignedNote(Array("a\n\nb\n\n\(line)".utf8)).text == "a\n\nb\n", "the last empty line divides")
        for text in [
            "a\n1\nAAAA\n", "a\n01\n", "a\n+1\n" + Base64.text(TreeHash.empty.bytes) + "\n",
            "a\n01\n" + Base64.text(TreeHash.empty.bytes) + "\n", "\n1\n" + Base64.text(TreeHash.empty.bytes) + "\n",
            "a\n1\n" + Base64.text(TreeHash.empty.bytes) + "\n\n",
        ] {
            #expect(throws: NoteError.malformed, "\(text)") { try Checkpoint(text: text) }
        }
    }

    @Test("A verifier key with another id, name or kind is refused")
    func verifierKeys() throws {
        let text = log.verifierKey.description
        #expect(VerifierKey(text: text) == log.verifierKey)
        for wrong in [
            "", "a", "a+b", "a+b+c", text + "=", "x" + text, text.replacing("+", with: "++"), text.uppercased(),
            "a b+00000000+" + text.split(separator: "+", maxSplits: 2)[2],
        ] { #expect(VerifierKey(text: wrong) == nil, "\(wrong)") }
        #expect(VerifierKey(name: "a", kind: .ed25519, publicKey: Array(repeating: 0, count: 32)) == nil, "small order")
    }

    @Test("A signer shows nothing of its key")
    func signerIsSilent() {
        var dumped = ""
        dump(log, to: &dumped)
        #expect(!dumped.contains("privateKey") && !"\(log)".contains("0101"))
    }
}
