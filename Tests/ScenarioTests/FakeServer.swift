import Foundation
import TestSupport

/// A program with the command line of `messenger-server` and nothing behind it: its listener answers each request with the
/// request, and a stream with one event.
enum FakeServer {
    private static let program = """
        #!/usr/bin/env python3
        import http.server, sys, time
        role, flags = sys.argv[1], sys.argv[2:]

        class Listener(http.server.BaseHTTPRequestHandler):
            protocol_version, wbufsize = "HTTP/1.1", 1 << 16

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if "event-stream" in self.headers.get("Accept", ""):
                    return self.stream()
                body = f"{self.requestline}\\n{self.headers}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def stream(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"event: caught-up\\n\\n")
                self.wfile.flush()
                self.close_connection = True
                time.sleep(0 if "brief" in self.path else 60)

            do_GET = do_POST = do_HEAD = answer

            def log_message(self, *_):
                pass

        if role == "sender":
            print("Ready", file=sys.stderr, flush=True)
            time.sleep(3600)
        if role == "listener":
            port = int(flags[flags.index("--port") + 1])
            http.server.ThreadingHTTPServer(("127.0.0.1", port), Listener).serve_forever()
        """

    /// Writes the program; its path.
    static func make(in folder: TemporaryFolder) throws -> String {
        let path = folder.path + "/messenger-server"
        try Data(program.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }
}
