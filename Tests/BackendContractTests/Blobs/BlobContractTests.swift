import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@Suite("Every backend keeps blobs", .timeLimit(.minutes(2)))
struct BlobContractTests {
    private static let kinds = [BackendKind.sqlite, .postgres]
    private static let piece = StoredBlob.pieceBytes

    private static func bytes(_ count: Int, seed: Int = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 ^ (($0 &+ seed) >> 8)) }
    }

    @Test("What was appended in whatever parts is read as it was", arguments: kinds)
    func parts(_ kind: BackendKind) async throws {
        try await BlobScene.run(kind) { scene in
            let content = Self.bytes(3 * Self.piece + 17)
            let id = try await scene.blobs.create(length: content.count, by: scene.ann)
            // Within a piece, up to its edge, over it, over two edges, nothing, and the rest.
            let cuts = [0, 5, 5, Self.piece, Self.piece + 1, 3 * Self.piece - 1, content.count]
            for (start, end) in zip(cuts, cuts.dropFirst()) {
                let blob = try await scene.blobs.append(Array(content[start..<end]), at: start, to: id, by: scene.ann)
                #expect(blob.received == end)
                if end < content.count {
                    await #expect(throws: BlobError.noSuchBlob) { try await scene.blobs.length(of: id) }
                }
            }
            #expect(try await scene.blobs.length(of: id) == content.count)
            for range in [0..<content.count, 1..<2, Self.piece - 1..<Self.piece + 1, content.count - 1..<content.count] {
                #expect(try await scene.read(id, range) == Array(content[range]))
            }
        }
    }

    @Test("The same bytes again change nothing; others, or bytes elsewhere, are told where the end is", arguments: kinds)
    func repeats(_ kind: BackendKind) async throws {
        try await BlobScene.run(kind) { scene in
            let content = Self.bytes(2 * Self.piece)
            let id = try await scene.blobs.create(length: content.count, by: scene.ann)
            let half = Array(content[..<(Self.piece + 100)])
            for _ in 0..<2 {
                #expect(try await scene.blobs.append(half, at: 0, to: id, by: scene.ann).received == half.count)
            }
            let within = try await scene.blobs.append(Array(half[7..<Self.piece + 9]), at: 7, to: id, by: scene.ann)
            #expect(within.received == half.count)
            var other = half
            other[half.count - 1] ^= 1
            let elsewhere = BlobError.offsetDiffers(received: half.count)
            for (bytes, offset) in [(other, 0), (content, 0), ([1], half.count + 1), ([1], Int.max), ([], half.count + 1)] {
                await #expect(throws: elsewhere) { try await scene.blobs.append(bytes, at: offset, to: id, by: scene.ann) }
            }
            await #expect(throws: BlobError.self) {
                try await scene.blobs.append(content, at: half.count, to: id, by: scene.ann)
            }
            let rest = Array(content[half.count...])
            #expect(try await scene.blobs.append(rest, at: half.count, to: id, by: scene.ann).isComplete)
            #expect(try await scene.read(id, 0..<content.count) == content)
        }
    }

    @Test("Of appends that come at once each byte is stored once", arguments: kinds)
    func atOnce(_ kind: BackendKind) async throws {
        try await BlobScene.run(kind) { scene in
            let parts = (0..<4).map { Self.bytes(70_000, seed: $0) }
            let id = try await scene.blobs.create(length: 70_000, by: scene.ann)
            let (blobs, ann) = (scene.blobs, scene.ann)
            let taken = await withTaskGroup(of: Bool.self) { group in
                for part in parts {
                    group.addTask { (try? await blobs.append(part, at: 0, to: id, by: ann)) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(taken == 1)
            #expect(parts.contains(try await scene.read(id, 0..<70_000)))
        }
    }

    @Test("Whoever knows the id reads; only who uploads appends and deletes", arguments: kinds)
    func rights(_ kind: BackendKind) async throws {
        try await BlobScene.run(kind) { scene in
            let id = try await scene.blobs.create(length: 4, by: scene.ann)
            await #expect(throws: BlobError.notYours) { try await scene.blobs.append([1], at: 0, to: id, by: scene.bob) }
            await #expect(throws: BlobError.notYours) { try await scene.blobs.upload(id, by: scene.bob) }
            _ = try await scene.blobs.append([1, 2, 3, 4], at: 0, to: id, by: scene.ann)
            await #expect(throws: BlobError.notYours) { try await scene.blobs.delete(id, by: scene.bob) }
            #expect(try await scene.read(id, 1..<3) == [2, 3])
            try await scene.blobs.delete(id, by: scene.ann)
            await #expect(throws: BlobError.noSuchBlob) { try await scene.blobs.length(of: id) }
            await #expect(throws: BlobError.noSuchBlob) { try await scene.blobs.delete(id, by: scene.ann) }
            let unknown = try #require(BlobID(Array(repeating: 7, count: BlobID.byteCount)))
            await #expect(throws: BlobError.noSuchBlob) { try await scene.blobs.append([1], at: 0, to: unknown, by: scene.ann) }
        }
    }

    @Test("A user may keep so much, so many, and so many unfinished", arguments: kinds)
    func limits(_ kind: BackendKind) async throws {
        var limits = BlobLimits()
        (limits.blobBytes, limits.blobs, limits.uploads) = (100, 20, 3)
        try await BlobScene.run(kind, limits: limits) { scene in
            await #expect(throws: BlobError.tooLarge(limit: 100)) { try await scene.blobs.create(length: 101, by: scene.ann) }
            await #expect(throws: BlobError.self) { try await scene.blobs.create(length: 0, by: scene.ann) }
            var ids: [BlobID] = []
            for _ in 0..<3 { ids.append(try await scene.blobs.create(length: 100, by: scene.ann)) }
            await #expect(throws: BlobError.tooManyUploads) { try await scene.blobs.create(length: 1, by: scene.ann) }
            for id in ids { _ = try await scene.blobs.append(Self.bytes(100), at: 0, to: id, by: scene.ann) }
            for _ in 3..<16 { try await scene.add(100) }
            await #expect(throws: BlobError.full) { try await scene.blobs.create(length: 1, by: scene.ann) }
            // What somebody else keeps does not count, and what is deleted does no more.
            _ = try await scene.blobs.create(length: 100, by: scene.bob)
            try await scene.blobs.delete(ids[0], by: scene.ann)
            for _ in 15..<20 { try await scene.add(1) }
            await #expect(throws: BlobError.full) { try await scene.blobs.create(length: 1, by: scene.ann) }
        }
    }

    @Test("An upload stays for a day after its last bytes, a blob for thirty, and then nothing is left", arguments: kinds)
    func expiry(_ kind: BackendKind) async throws {
        try await BlobScene.run(kind) { scene in
            let (upload, whole) = (
                try await scene.blobs.create(length: 40 * Self.piece, by: scene.ann),
                try await scene.blobs.create(length: 3, by: scene.ann)
            )
            _ = try await scene.blobs.append([1, 2, 3], at: 0, to: whole, by: scene.ann)
            for part in 0..<8 {
                scene.time.advance(by: .hours(23))
                let offset = part * 4 * Self.piece
                _ = try await scene.blobs.append(Self.bytes(4 * Self.piece), at: offset, to: upload, by: scene.ann)
            }
            try await scene.sweep()
            #expect(try await scene.blobs.upload(upload, by: scene.ann).received == 32 * Self.piece)
            scene.time.advance(by: .hours(24))
            await #expect(throws: BlobError.noSuchBlob) { try await scene.blobs.upload(upload, by: scene.ann) }
            await #expect(throws: BlobError.noSuchBlob) {
                try await scene.blobs.append([1], at: 32 * Self.piece, to: upload, by: scene.ann)
            }
            try await scene.sweep()
            for number in [0, 31] { #expect(try await scene.store.piece(number, of: upload) == nil) }
            #expect(try await scene.read(whole, 0..<3) == [1, 2, 3])
            scene.time.advance(by: .days(30))
            await #expect(throws: BlobError.noSuchBlob) { try await scene.blobs.length(of: whole) }
            try await scene.sweep()
            #expect(try await scene.store.piece(0, of: whole) == nil)
        }
    }

    @Test("A deleted user's blobs go with the user, a batch at a time", arguments: kinds)
    func deletedUser(_ kind: BackendKind) async throws {
        try await BlobScene.run(kind) { scene in
            var ids: [BlobID] = []
            for _ in 0..<2 { ids.append(try await scene.add(20 * Self.piece)) }
            #expect(try await scene.backend.store.delete(scene.ann.user, now: scene.time.now))
            await #expect(throws: BlobError.noSuchBlob) { try await scene.blobs.length(of: ids[0]) }
            await #expect(throws: BlobError.unknownUser) { try await scene.blobs.create(length: 1, by: scene.ann) }
            let batch = Sweep(now: scene.time.now, expireBefore: scene.time.now - .days(1), limit: 10)
            #expect(try await scene.backend.store.sweep(batch).hasMore, "40 pieces are more than a batch")
            try await scene.sweep()
            for id in ids { #expect(try await scene.store.piece(19, of: id) == nil) }
        }
    }

    @Test("A blob is still there after a restart", arguments: kinds)
    func restart(_ kind: BackendKind) async throws {
        try await BlobScene.run(kind) { scene in
            let content = Self.bytes(Self.piece + 3)
            let id = try await scene.blobs.create(length: content.count, by: scene.ann)
            _ = try await scene.blobs.append(Array(content[..<9]), at: 0, to: id, by: scene.ann)
            let again = try await scene.restarted()
            #expect(try await again.blobs.upload(id, by: again.ann).received == 9)
            _ = try await again.blobs.append(Array(content[9...]), at: 9, to: id, by: again.ann)
            #expect(try await again.read(id, 0..<content.count) == content)
        }
    }
}
