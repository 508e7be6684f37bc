import EdgeLM
import Foundation

/// The requests of one connection, and what they have opened.
struct Requests {
    let channel: Channel
    private var tokenizer: Tokenizer?
    private var bundle: ModelBundle?
    private var prepared: PreparedQuestion?

    init(channel: Channel) { self.channel = channel }

    mutating func answer(_ line: [UInt8]) {
        var id = JSON.null
        do {
            guard let request = try? JSON.parse(line) else { throw RequestError("The line is no JSON.") }
            id = request["id"]?.int.map(JSON.int) ?? .null
            channel.write(["id": id, "ok": try reply(RequestReader(request))])
        } catch {
            channel.write(["id": id, "error": Self.json(error)])
        }
    }

    private mutating func reply(_ request: RequestReader) throws -> JSON {
        switch try request.string("op") {
        case "open":
            tokenizer = try Tokenizer(json: Self.bytes(request.path("tokenizer")))
            return .bool(true)
        case "encode":
            return try opened().encode(request.text("text"), pair: request.optionalText("pair")).json
        case "encode_many": return try encodeMany(request)
        case "cut":
            let (text, pair) = (try request.text("text"), try request.optionalText("pair"))
            return try opened().cut(text, pair: pair, maxLength: request.count("max_length")).json
        case "windows":
            let (question, context) = (try request.text("question"), try request.text("context"))
            let (length, stride) = (try request.count("length"), try request.count("doc_stride"))
            let windows = try opened().windows(question, context, length: length, docStride: stride)
            return .array(windows.map(\.json))
        case "decode":
            let ids = try request.array("ids").map { id -> Int in
                guard let id = id.int else { throw RequestError("The request has no valid 'ids'.") }
                return id
            }
            return .string(try opened().decode(ids, skipSpecialTokens: request.bool("skip_special", default: false)))
        case "bundle":
            let found = try ModelBundle.open(URL(fileURLWithPath: request.path("path")))
            (bundle, prepared) = (found, nil)
            return ["task": .string(found.manifest.task), "precision": .string(found.manifest.precision)]
        case "answer": return try Session(openedBundle(), PipeRunner(channel: channel)).answer(request.question()).json
        case "prepare":
            let found = try openedBundle().prepare(request.question())
            prepared = found
            let rows = found.inputs.map { row in JSON.object(row.map { JSON.Member($0.key, $0.value.json) }) }
            return ["rows": .array(rows)]
        case "finish":
            guard let prepared else { throw RequestError("No question was prepared.") }
            return try openedBundle().finish(prepared, request.outputsOfRows()).json
        case "selftest":
            let session = Session(try openedBundle(), PipeRunner(channel: channel))
            return try session.selfTest(repeats: request.int("repeat", default: 1)).json
        case "bench": return try bench(request)
        case let other: throw RequestError("There is no op '\(other)'.")
        }
    }

    private func opened() throws -> Tokenizer {
        guard let tokenizer else { throw RequestError("No tokenizer is open.") }
        return tokenizer
    }

    private func openedBundle() throws -> ModelBundle {
        guard let bundle else { throw RequestError("No bundle is open.") }
        return bundle
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw BundleError(.missingFile, "\(path) cannot be read.")
        }
        return [UInt8](data)
    }

    private func encodeMany(_ request: RequestReader) throws -> JSON {
        let tokenizer = try opened()
        let isBrief = try request.bool("brief", default: false)
        return .array(
            try request.array("texts").map { json in
                do {
                    let encoding = try tokenizer.encode(RequestReader.text(json, "texts"))
                    return isBrief ? encoding.briefJSON : encoding.json
                } catch let error as any EdgeLMError {
                    return ["error": Self.json(error)]
                }
            })
    }

    /// Tokenizes the texts one after the other for so many seconds.
    private func bench(_ request: RequestReader) throws -> JSON {
        let tokenizer = try opened()
        let texts = try request.array("texts").map { try RequestReader.text($0, "texts") }
        guard !texts.isEmpty, let seconds = request.json["seconds"]?.double else {
            throw RequestError("The request has no valid 'texts' or 'seconds'.")
        }
        var (count, spent) = (0, 0.0)
        while spent < seconds * 1000 {
            spent += try Timing.milliseconds { for text in texts { _ = try tokenizer.encode(text) } }.milliseconds
            count += texts.count
        }
        return ["strings_per_second": .double(Double(count) / spent * 1000)]
    }

    private static func json(_ error: any Error) -> JSON {
        func members(_ type: String, _ kind: String?, _ message: String, _ hint: String) -> JSON {
            var members = [JSON.Member("type", .string(type)), JSON.Member("message", .string(message))]
            if let kind { members.append(JSON.Member("kind", .string(kind))) }
            if !hint.isEmpty { members.append(JSON.Member("hint", .string(hint))) }
            return .object(members)
        }
        switch error {
        case let error as BundleError: return members("BundleError", error.kind.rawValue, error.message, error.hint)
        case let error as InputError: return members("InputError", error.kind.rawValue, error.message, error.hint)
        case let error as UnsupportedError: return members("UnsupportedError", nil, error.message, error.hint)
        case let error as RequestError: return members("RequestError", nil, error.message, "")
        default: return members("\(type(of: error))", nil, "\(error)", "")
        }
    }
}

extension Encoding {
    /// Ids and offsets.
    var briefJSON: JSON { ["ids": .array(ids.map(JSON.int)), "offsets": .array(offsets.map(\.json))] }

    var json: JSON {
        [
            "ids": .array(ids.map(JSON.int)), "type_ids": .array(typeIDs.map(JSON.int)),
            "offsets": .array(offsets.map(\.json)), "special": .array(specialTokensMask.map(JSON.int)),
            "words": .array(wordIDs.map { $0.map(JSON.int) ?? .null }),
            "sequences": .array(sequenceIDs.map { $0.map(JSON.int) ?? .null }),
            "tokens": .array(tokens.map(JSON.string)),
        ]
    }
}

extension Range<Int> {
    fileprivate var json: JSON { [.int(lowerBound), .int(upperBound)] }
}
