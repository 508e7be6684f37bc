import Dispatch

/// What came of replaying a bundle's golden files on this device.
public struct SelfTestReport: Sendable {
    public enum Verdict: String, Sendable {
        case pass, fail
        /// Nothing was compared; never taken for a pass.
        case unmeasured
    }

    /// One signature of the model: its name where it has fixed lengths, else the length of the input.
    public struct Signature: Sendable {
        public let name: String
        public let cases: Int
        /// Over all outputs; NaN where an output is missing or of another shape.
        public let maxAbsError: Double
        public let verdict: Verdict
        /// The median of the repeated runs, in milliseconds.
        public let p50Ms: Double
    }

    public let verdict: Verdict
    /// Texts that this tokenizer gives other ids than the export did.
    public let tokenizerMismatches: Int
    public let signatures: [Signature]
}

extension Session {
    /// Replays the bundle's golden files: tokenizes their texts, runs the model on their inputs, and holds its outputs
    /// against the expected ones by the bundle's own limits. The model is run `repeats` times more for its latency.
    public func selfTest(repeats: Int = 10) throws -> SelfTestReport {
        // An app may leave them out to be smaller: then there is nothing to compare.
        guard bundle.files.exists(Golden.file) else {
            return SelfTestReport(verdict: .unmeasured, tokenizerMismatches: 0, signatures: [])
        }
        let golden = try Golden(bundle.files)
        var mismatches = 0
        var groups: [(length: Int, cases: [Golden.Case])] = []
        for item in golden.cases {
            if try !isTokenizedAlike(item) { mismatches += 1 }
            let length = bundle.manifest.lengths.first { $0 >= item.length } ?? item.length
            if let place = groups.firstIndex(where: { $0.length == length }) {
                groups[place].cases.append(item)
            } else {
                groups.append((length, [item]))
            }
        }
        let signatures = try groups.map { length, cases in
            try signature(bundle.manifest.signatures[length] ?? String(length), cases, golden.tolerance, repeats)
        }
        return SelfTestReport(
            verdict: Self.verdict(signatures, mismatches), tokenizerMismatches: mismatches, signatures: signatures)
    }

    /// Whether the tokenizer gives a case's ids; a text that is longer than they are is cut to them.
    private func isTokenizedAlike(_ item: Golden.Case) throws -> Bool {
        let pair = item.texts.count > 1 ? item.texts[1] : nil
        let ids = try bundle.tokenizer.encode(item.texts[0], pair: pair).ids
        if ids.count <= item.length { return ids == item.ids }
        return try bundle.tokenizer.cut(item.texts[0], pair: pair, maxLength: item.length).ids == item.ids
    }

    private static func verdict(_ signatures: [SelfTestReport.Signature], _ mismatches: Int) -> SelfTestReport.Verdict {
        if mismatches > 0 || signatures.contains(where: { $0.verdict == .fail }) { return .fail }
        return signatures.isEmpty || signatures.contains { $0.verdict == .unmeasured } ? .unmeasured : .pass
    }

    private func signature(
        _ name: String, _ cases: [Golden.Case], _ limits: Tolerance, _ repeats: Int
    ) throws -> SelfTestReport.Signature {
        var differences: [String: Difference] = [:]
        for item in cases {
            let found = try runner.run(item.inputs)
            for (name, expected) in item.outputs {
                differences[name, default: Difference()].add(expected, found[name], hasChoices: name.contains("logits"))
            }
        }
        let errors = differences.values.map(\.maxAbs)
        let worst = errors.contains(where: \.isNaN) ? Double.nan : errors.max() ?? .nan
        let verdict: SelfTestReport.Verdict =
            differences.isEmpty ? .unmeasured : differences.values.allSatisfy { $0.keeps(limits) } ? .pass : .fail
        return SelfTestReport.Signature(
            name: name, cases: cases.count, maxAbsError: worst, verdict: verdict,
            p50Ms: try Timing.median(of: repeats) { try runner.run(cases[$0 % cases.count].inputs) })
    }
}

/// Wall-clock times.
public enum Timing {
    /// Milliseconds that `work` takes.
    public static func milliseconds<T>(_ work: () throws -> T) rethrows -> (result: T, milliseconds: Double) {
        let start = DispatchTime.now().uptimeNanoseconds
        let result = try work()
        return (result, Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
    }

    /// The median of so many runs, in milliseconds; NaN of none.
    static func median<T>(of runs: Int, _ work: (Int) throws -> T) rethrows -> Double {
        let times = try (0..<max(runs, 0)).map { run in try milliseconds { try work(run) }.milliseconds }.sorted()
        return times.isEmpty ? .nan : (times[(times.count - 1) / 2] + times[times.count / 2]) / 2
    }
}

extension SelfTestReport {
    /// The report as every kit writes it.
    public var json: JSON {
        [
            "verdict": .string(verdict.rawValue), "tokenizerMismatches": .int(tokenizerMismatches),
            "signatures": .array(
                signatures.map {
                    [
                        "name": .string($0.name), "cases": .int($0.cases), "maxAbsError": .double($0.maxAbsError),
                        "verdict": .string($0.verdict.rawValue), "p50Ms": .double($0.p50Ms),
                    ]
                }),
        ]
    }
}
