import Foundation
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import MessengerHTTP

@Suite("Blobs over HTTP", .timeLimit(.minutes(1)))
struct BlobTests {
    private static let content = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }

    @Test("From nothing to a blob that somebody else reads, in parts too")
    func walk() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            let (ann, bob) = (try await TestUser.make(on: client), try await TestUser.make(on: client))
            let content = Self.content
            let begun = try await ann.begin(content.count)
            #expect(begun.status == 201 && begun.headers["upload-offset"] == "0")
            let path = try #require(begun.headers["location"])
            #expect(path == "/api/blobs/\(try #require(begun.json["blob_id"] as? String))/")
            for (start, end) in [(0, 1), (1, 400_000), (400_000, content.count)] {
                let answer = try await ann.append(Array(content[start..<end]), at: start, to: path)
                #expect(answer.status == 204 && answer.headers["upload-offset"] == "\(end)")
                #expect(answer.headers["upload-complete"] == (end == content.count ? "?1" : "?0"))
                let head = try await client.call("HEAD", path, token: ann.token)
                #expect(head.status == 204 && head.headers["upload-offset"] == "\(end)")
                #expect(head.headers["upload-length"] == "\(content.count)")
            }
            let whole = try await bob.get(path)
            #expect(whole.status == 200 && whole.bytes == content && whole.headers["accept-ranges"] == "bytes")
            #expect(whole.headers["cache-control"] == "no-store")
            for (range, part) in [
                ("262143-262144", 262_143..<262_145), ("599999-", 599_999..<600_000), ("-3", 599_997..<600_000),
            ] {
                let answer = try await bob.get(path, range: "bytes=\(range)")
                #expect(answer.status == 206 && answer.bytes == Array(content[part]))
                #expect(answer.headers["content-range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/600000")
            }
            let beyond = try await bob.get(path, range: "bytes=600000-")
            #expect(beyond.status == 416 && beyond.headers["content-range"] == "bytes */600000")
            #expect(try await client.call("DELETE", path, token: bob.token).status == 403)
            #expect(try await client.call("DELETE", path, token: ann.token).status == 200)
            #expect(try await bob.get(path).status == 404)
        }
    }

    @Test("Bytes that belong elsewhere are told where the upload is; the same bytes again are in order")
    func offsets() async throws {
        try await TestServer.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let path = try #require(try await ann.begin(10).headers["location"])
            for _ in 0..<2 { #expect(try await ann.append([1, 2, 3, 4], at: 0, to: path).headers["upload-offset"] == "4") }
            for (bytes, offset) in [([1, 2, 3, 5], 0), ([4, 5], 3), ([6], 5)] as [([UInt8], Int)] {
                let refused = try await ann.append(bytes, at: offset, to: path)
                #expect(refused.status == 409 && refused.type == "upload-offset-mismatch")
                #expect(refused.headers["upload-offset"] == "4" && refused.number("upload_offset") == 4)
            }
            let tooLong = try await ann.append(Array(repeating: 5, count: 7), at: 4, to: path)
            #expect(tooLong.status == 400 && tooLong.type == "validation")
            #expect(try await ann.append(Array(repeating: 5, count: 6), at: 4, to: path).status == 204)
            #expect(try await ann.get(path).bytes == [1, 2, 3, 4, 5, 5, 5, 5, 5, 5])
        }
    }

    @Test("What is wrong with a request is said, and stores nothing")
    func badRequests() async throws {
        try await TestServer.run({ $0.settings.blobs.blobBytes = 1_000 }) { server in
            let client = TestClient(server.url)
            let (ann, bob) = (try await TestUser.make(on: client), try await TestUser.make(on: client))
            for length in ["", "-1", "1.5", "0", "99999999999999999999", "bytes"] {
                #expect(try await ann.begin(length).status == 400, "\(length)")
            }
            let large = try await ann.begin(1_001)
            #expect(large.status == 413 && large.type == "blob-too-large")
            let path = try #require(try await ann.begin(1_000).headers["location"])
            let type = ["Content-Type": UploadField.mediaType, "Accept": "application/problem+json"]
            let noOffset = try await client.call("PATCH", path, bytes: [1], token: ann.token, headers: type)
            #expect(noOffset.status == 400 && noOffset.json["detail"] as? String == "Upload-Offset: The header is missing.")
            let json = try await client.call("PATCH", path, json: "{}", token: ann.token, headers: ["Upload-Offset": "0"])
            #expect(json.status == 415)
            let huge = Array(repeating: UInt8(0), count: BlobLimits.appendBytes + 1)
            #expect(try await ann.append(huge, at: 0, to: path).status == 413)
            #expect(try await bob.append([1], at: 0, to: path).status == 403)
            #expect(try await bob.get(path).status == 404, "It is not complete.")
            for wrong in ["/api/blobs/x/", "/api/blobs/\(String(repeating: "A", count: 43))", "\(path)more", "/api/blobs/%00"] {
                #expect(try await ann.get(wrong).status == 404, "\(wrong)")
            }
            let put = try await client.call("PUT", path, token: ann.token)
            #expect(put.status == 405 && put.headers["allow"] == "DELETE, GET, HEAD, PATCH")
            #expect(try await client.call("GET", path).status == 401)
            let head = try await client.call("HEAD", path, token: ann.token)
            #expect(head.headers["upload-offset"] == "0")
        }
    }

    @Test("An append that is cut stores nothing, and the upload goes on where it was")
    func cut() async throws {
        try await TestServer.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let path = try #require(try await ann.begin(100_000).headers["location"])
            #expect(try await ann.append(Array(Self.content[..<10]), at: 0, to: path).status == 204)
            let connection = try await RawConnection(port: server.port)
            try await connection.send(
                "PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(ann.token)\r\nUpload-Offset: 10\r\n"
                    + "Content-Type: \(UploadField.mediaType)\r\nContent-Length: 99990\r\n\r\n")
            try await connection.send(Array(Self.content[10..<50_000]))
            try await connection.reset()
            #expect(try await ann.append(Array(Self.content[10..<100_000]), at: 10, to: path).status == 204)
            #expect(try await ann.get(path).bytes == Array(Self.content[..<100_000]))
        }
    }

    @Test("Appends at once: one is taken, the others are told where the upload is")
    func atOnce() async throws {
        try await TestServer.run { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let path = try #require(try await ann.begin(500_000).headers["location"])
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for seed in 0..<5 {
                    group.addTask {
                        try await ann.append(Array(repeating: UInt8(seed), count: 300_000), at: 0, to: path).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [204, 409, 409, 409, 409])
        }
    }

    @Test("A blob expires, and so does an upload that nobody goes on with")
    func expiry() async throws {
        let time = TestTime()
        try await TestServer.run({
            $0.use(time)
            $0.settings.blobs.lifetime = .days(3)
        }) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let paths = try await [ann.begin(3), ann.begin(3)].map { try #require($0.headers["location"]) }
            #expect(try await ann.append([1, 2, 3], at: 0, to: paths[0]).status == 204)
            time.advance(by: .days(1))
            #expect(try await ann.append([1], at: 0, to: paths[1]).status == 404)
            #expect(try await ann.get(paths[0]).status == 200)
            time.advance(by: .days(2))
            #expect(try await ann.get(paths[0]).status == 404)
        }
    }

    @Test("While the disk is nearly full nothing is taken, and blobs are still read and deleted")
    func fullDisk() async throws {
        let folder = try TemporaryFolder()
        let (name, paths) = try await TestServer.run({ $0.folder = folder }) { server in
            let ann = try await TestUser.make(on: TestClient(server.url))
            let paths = try await [ann.begin(1), ann.begin(1)].map { try #require($0.headers["location"]) }
            #expect(try await ann.append([1], at: 0, to: paths[0]).status == 204)
            return (ann.name, paths)
        }
        try await TestServer.run({
            $0.folder = folder
            $0.settings.minimumFreeDisk = 1
            $0.substitutes.freeDisk = { _ in 0 }
        }) { server in
            let ann = try await TestUser.logIn(name, on: TestClient(server.url))
            for refused in try await [ann.begin(1), ann.append([1], at: 0, to: paths[1])] {
                #expect(refused.status == 503 && refused.headers["retry-after"] == "30")
            }
            #expect(try await ann.get(paths[0]).bytes == [1])
            #expect(try await ann.client.call("DELETE", paths[0], token: ann.token).status == 200)
        }
    }

    @Test("A range is read as RFC 9110 says")
    func ranges() {
        func range(_ header: String?) -> ByteRange { ByteRange(header, length: 10) }
        #expect(range("bytes=0-0") == .part(0..<1) && range("Bytes= 2-3 ") == .part(2..<4))
        #expect(range("bytes=9-99999999999999999999") == .part(9..<10) && range("bytes=-99999999999999999999") == .part(0..<10))
        for whole in [nil, "bytes", "bytes=", "bytes=-", "bytes=3-2", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2"] {
            #expect(range(whole) == .whole, "\(whole ?? "none")")
        }
        for beyond in ["bytes=10-", "bytes=99999999999999999999-", "bytes=-0"] { #expect(range(beyond) == .unsatisfiable) }
    }
}

extension TestUser {
    fileprivate func begin(_ length: Int) async throws -> TestClient.Answer { try await begin("\(length)") }

    fileprivate func begin(_ length: String) async throws -> TestClient.Answer {
        try await client.call(
            "POST", "/api/blobs/", token: token, headers: ["Upload-Length": length, "Accept": "application/problem+json"])
    }

    fileprivate func append(_ bytes: [UInt8], at offset: Int, to path: String) async throws -> TestClient.Answer {
        try await client.call(
            "PATCH", path, bytes: bytes, token: token,
            headers: [
                "Upload-Offset": "\(offset)", "Content-Type": UploadField.mediaType, "Accept": "application/problem+json",
            ])
    }

    fileprivate func get(_ path: String, range: String? = nil) async throws -> TestClient.Answer {
        try await client.call("GET", path, token: token, headers: range.map { ["Range": $0] } ?? [:])
    }
}
