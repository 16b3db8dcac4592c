import KeyLog
import TestSupport
import Testing

@Suite("The Merkle tree", .timeLimit(.minutes(2)))
struct TreeTests {
    private static let entries = (0..<300).map { Array("entry \($0)".utf8) }

    private static func tree(_ count: Int) -> MerkleTree {
        var tree = MerkleTree()
        for entry in entries.prefix(count) { tree.append(.leaf(entry)) }
        return tree
    }

    @Test("The roots of the trees that Certificate Transparency published come out")
    func knownRoots() throws {
        let entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
        var tree = MerkleTree()
        #expect(try tree.root(size: 0).description == roots[0])
        for (place, entry) in entries.enumerated() {
            tree.append(.leaf(hex(entry)))
            #expect(try tree.root(size: tree.size).description == roots[place + 1])
        }
        for size in 0...8 { #expect(try tree.root(size: UInt64(size)).description == roots[size]) }
    }

    @Test(
        "Every root and inclusion proof is that of the RFC, and holds for its entry alone",
        arguments: [1, 2, 3, 7, 8, 13, 64, 257])
    func inclusion(size: Int) throws {
        let tree = Self.tree(size)
        let entries = Self.entries[..<size]
        let root = try tree.root(size: UInt64(size))
        #expect(root == ReferenceTree.root(entries))
        for index in 0..<size {
            let proof = try tree.inclusionProof(index: UInt64(index), size: UInt64(size))
            #expect(proof == ReferenceTree.path(index, entries))
            try ProofVerification.checkInclusion(
                of: .leaf(entries[index]), at: UInt64(index), size: UInt64(size), root: root, proof: proof)
            #expect(throws: ProofError.self) {
                try ProofVerification.checkInclusion(
                    of: .leaf([9]), at: UInt64(index), size: UInt64(size), root: root, proof: proof)
            }
            if size > 1 {
                #expect(throws: ProofError.self) {
                    try ProofVerification.checkInclusion(
                        of: .leaf(entries[index]), at: UInt64((index + 1) % size), size: UInt64(size), root: root, proof: proof)
                }
                #expect(throws: ProofError.self) {
                    try ProofVerification.checkInclusion(
                        of: .leaf(entries[index]), at: UInt64(index), size: UInt64(size), root: root,
                        proof: Array(proof.dropLast()))
                }
            }
            #expect(throws: ProofError.self) {
                try ProofVerification.checkInclusion(
                    of: .leaf(entries[index]), at: UInt64(index), size: UInt64(size), root: root, proof: proof + [root])
            }
        }
    }

    @Test("Every consistency proof is that of the RFC, and holds for its two trees alone", arguments: [1, 2, 5, 8, 21, 64])
    func consistency(size: Int) throws {
        let tree = Self.tree(size)
        let entries = Self.entries[..<size]
        let root = try tree.root(size: UInt64(size))
        for old in 1...size {
            let oldRoot = try tree.root(size: UInt64(old))
            let proof = try tree.consistencyProof(from: UInt64(old), to: UInt64(size))
            #expect(proof == ReferenceTree.proof(old, entries))
            func check(_ oldRoot: TreeHash, _ root: TreeHash, _ proof: [TreeHash]) throws {
                try ProofVerification.checkConsistency(
                    from: UInt64(old), root: oldRoot, to: UInt64(size), root: root, proof: proof)
            }
            try check(oldRoot, root, proof)
            #expect(throws: ProofError.self) { try check(.leaf([1]), root, proof) }
            #expect(throws: ProofError.self) { try check(oldRoot, .leaf([1]), proof) }
            #expect(throws: ProofError.self) { try check(oldRoot, root, proof + [root]) }
            if !proof.isEmpty { #expect(throws: ProofError.self) { try check(oldRoot, root, Array(proof.dropFirst())) } }
        }
        try ProofVerification.checkConsistency(from: 0, root: .empty, to: UInt64(size), root: root, proof: [])
        #expect(throws: ProofError.wrongRoot) {
            try ProofVerification.checkConsistency(from: 0, root: root, to: UInt64(size), root: root, proof: [])
        }
    }

    @Test("A tree of 70,000 entries has the tiles that the specification counts")
    func tileCounts() {
        let tiles = Tile.added(to: 70_000)
        #expect(tiles.filter { $0.level == 0 && $0.width == 256 }.count == 273)
        #expect(tiles.filter { $0.level == 0 && $0.width == 112 }.count == 1)
        #expect(tiles.filter { $0.level == 1 }.map(\.width) == [256, 17])
        #expect(tiles.filter { $0.level == 2 }.map(\.width) == [1])
        #expect(tiles.count == 277)
        #expect(Tile.added(to: 256).map(\.path) == ["tile/0/000", "tile/1/000.p/1"])
        #expect(Tile.added(from: 256, to: 257).map(\.path) == ["tile/0/001.p/1"])
        #expect(Tile.added(from: 255, to: 256).map(\.path) == ["tile/0/000", "tile/1/000.p/1"])
        #expect(Tile.added(from: 7, to: 7).isEmpty)
    }

    @Test("A tile's path is read as it is written, and in no other way")
    func tilePaths() throws {
        let tile = try #require(Tile(level: 0, index: 1_234_067, width: 112))
        #expect(tile.path == "tile/0/x001/x234/067.p/112")
        for index: UInt64 in [0, 5, 255, 999, 1000, 1_000_000, .max] {
            let tile = try #require(Tile(level: 3, index: index))
            #expect(Tile(path: tile.path) == tile)
        }
        let wrong = [
            "tile/0/1", "tile/0/0001", "tile/0/x001", "tile/0/001/002", "tile/00/001", "tile/8/001", "tile/-1/001",
            "tile/0/001.p/256", "tile/0/001.p/0", "tile/0/001.p/01", "tile/0/001.p/", "tile/0/+01", "tile/0/", "tile/0", "",
            "tile/0/x000/001", "tile/0/x999/x999/x999/x999/x999/x999/999/", "til/0/001", "tile/0/x001/x234/67", "tile/0/ 01",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
        ]
        for path in wrong { #expect(Tile(path: path) == nil, "\(path)") }
    }

    @Test("Roots and proofs read from tiles are those of the tree", arguments: [1, 255, 256, 257, 66_000])
    func tiles(size: Int) throws {
        var tree = MerkleTree()
        for index in 0..<size { tree.append(.leaf([UInt8(truncatingIfNeeded: index), UInt8(truncatingIfNeeded: index >> 8)])) }
        let stored = try Dictionary(uniqueKeysWithValues: Tile.added(to: UInt64(size)).map { ($0.path, try tree.bytes(of: $0)) })
        let tiled = TiledTree(size: UInt64(size)) { try #require(stored[$0.path]) }
        var random = SeededRandom(seed: 6962)
        for _ in 0..<20 {
            let some = UInt64.random(in: 1...UInt64(size), using: &random)
            let index = UInt64.random(in: 0..<some, using: &random)
            #expect(try tiled.root(size: some) == tree.root(size: some))
            #expect(try tiled.inclusionProof(index: index, size: some) == tree.inclusionProof(index: index, size: some))
            #expect(
                try tiled.consistencyProof(from: some, to: UInt64(size)) == tree.consistencyProof(from: some, to: UInt64(size)))
        }
        #expect(throws: ProofError.self) { try tiled.root(size: UInt64(size) + 1) }
        #expect(throws: ProofError.self) { try tree.root(size: UInt64(size) + 1) }
    }
}
