import EdgeLM
import Foundation

/// Lines of bytes from stdin, lines of JSON to stdout.
final class Channel {
    private var buffer: [UInt8] = []
    private var start = 0
    private var searched = 0
    private var isAtEnd = false

    /// The next line without its end; nil at the end of the input.
    func readLine() -> [UInt8]? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[start..<end])
                start = end + 1
                searched = start
                return line
            }
            searched = buffer.count
            if isAtEnd { return takeRest() }
            fill()
        }
    }

    private func takeRest() -> [UInt8]? {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        return Array(buffer[start...])
    }

    private func fill() {
        buffer.removeSubrange(..<start)
        searched -= start
        start = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(STDIN_FILENO, &chunk, chunk.count)
        if count <= 0 {
            isAtEnd = true
        } else {
            buffer.append(contentsOf: chunk[..<count])
        }
    }

    func write(_ json: JSON) {
        var bytes: [UInt8] = []
        json.write(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        var at = 0
        while at < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(STDOUT_FILENO, $0.baseAddress! + at, bytes.count - at)
            }
            if count <= 0 { exit(0) }  // nobody reads any more
            at += count
        }
    }
}

/// Lets the process on the other side run the model.
struct PipeRunner: Runner {
    let channel: Channel

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        channel.write(["run": .object(inputs.map { JSON.Member($0.key, $0.value.json) })])
        guard let line = channel.readLine(), let reply = try? JSON.parse(line) else {
            throw RequestError("No outputs came back.")
        }
        return try RequestReader(reply).outputs()
    }
}

extension Tensor {
    /// Shape, dtype and whole numbers, as the protocol writes a model's inputs.
    var json: JSON {
        [
            "dtype": .string(dtype), "shape": .array(shape.map(JSON.int)),
            "data": .array((integers ?? []).map(JSON.int)),
        ]
    }
}
