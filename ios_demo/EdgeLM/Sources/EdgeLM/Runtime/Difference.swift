import Foundation

/// What two runs differ by on one output, over any number of texts, as `edgelm validate` measures it.
struct Difference {
    private(set) var maxAbs = 0.0
    private var peak = 0.0
    private var cosines: [Double] = []
    private var lengths: [Double] = []
    private var agreed = 0
    private var decided = 0
    private var sumAbs = 0.0
    private var count = 0
    private var signal = 0.0
    private var noise = 0.0

    /// Scores this close, as a share of the larger where that exceeds one, may change places by round-off alone.
    private static let tie = 1e-5
    /// Of the longest output: one shorter than that, as two logits near zero, has no direction that survives rounding.
    private static let directed = 0.05

    /// Counts one text's output, the expected one first. Another shape is no number at all, which fails.
    mutating func add(_ expected: Tensor, _ found: Tensor?, hasChoices: Bool) {
        guard let reference = expected.floats?.map(Double.init), let found, found.shape == expected.shape,
            let actual = found.floats?.map(Double.init), actual.count == reference.count
        else {
            maxAbs = .nan
            return
        }
        let errors = zip(reference, actual).map { abs($0 - $1) }
        for error in errors where error.isNaN || error > maxAbs { maxAbs = maxAbs.isNaN ? .nan : error }
        peak = reference.reduce(peak) { max($0, abs($1)) }
        sumAbs += errors.reduce(0, +)
        count += errors.count
        signal += reference.reduce(0) { $0 + $1 * $1 }
        noise += errors.reduce(0) { $0 + $1 * $1 }
        lengths.append(Scores.norm(reference))
        let norms = Scores.norm(reference) * Scores.norm(actual)
        let product = zip(reference, actual).reduce(0) { $0 + $1.0 * $1.1 }
        cosines.append(norms > 0 ? product / norms : reference == actual ? 1 : 0)
        if hasChoices { decide(reference, actual, width: expected.shape.last ?? 1) }
    }

    /// Counts how often the largest is at the same place, or at one that ties with it.
    private mutating func decide(_ reference: [Double], _ actual: [Double], width: Int) {
        guard width > 1 else { return }
        for start in stride(from: 0, to: reference.count, by: width) {
            let row = Array(reference[start..<start + width])
            let best = row.max() ?? 0
            let chosen = row[Scores.argmax(Array(actual[start..<start + width]))]
            agreed += best - chosen <= Self.tie * max(1, abs(best)) ? 1 : 0
            decided += 1
        }
    }

    /// Whether every limit is kept; a figure that is no number keeps none.
    func keeps(_ limits: Tolerance) -> Bool {
        let scale = max(1, peak)
        let longest = lengths.max() ?? 0
        let directed = zip(cosines, lengths).filter { !($1 < Self.directed * longest) }.map { $0.0 }
        let sqnr = noise > 0 ? 10 * log10(signal / noise) : .infinity
        let upper = [
            (maxAbs, limits.maxAbs.map { $0 * scale }), (sumAbs / Double(count), limits.meanAbs.map { $0 * scale }),
        ]
        var lower = [(directed.min() ?? .nan, limits.minCosine), (sqnr, limits.minSQNR)]
        if decided > 0 { lower.append((Double(agreed) / Double(decided), limits.minTop1)) }
        return !maxAbs.isNaN
            && upper.allSatisfy { value, limit in limit.map { value <= $0 } ?? true }
            && lower.allSatisfy { value, limit in limit.map { value >= $0 } ?? true }
    }
}
