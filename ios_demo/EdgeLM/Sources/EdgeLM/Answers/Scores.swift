import Foundation

/// What the decode rules do to logits, all in float64.
enum Scores {
    static func softmax(_ logits: [Double]) -> [Double] {
        let largest = logits.max() ?? 0
        let exponentials = logits.map { exp($0 - largest) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// The logistic function, by the hyperbolic tangent because that never overflows.
    static func sigmoid(_ logits: [Double]) -> [Double] { logits.map { 0.5 * (1 + tanh(0.5 * $0)) } }

    /// The activation of a bundle's decode rules.
    static func activate(_ logits: [Double], _ rules: Fields) throws -> [Double] {
        switch try rules.string("activation") {
        case "softmax": return softmax(logits)
        case "sigmoid": return sigmoid(logits)
        case "none": return logits
        case let other: throw UnsupportedError(other, "The bundle's activation \(other) is not supported.")
        }
    }

    /// The places of the scores, best first; equal ones stay in their order, and NaN comes last.
    static func order(_ scores: [Double]) -> [Int] {
        let keys = scores.map { $0.isNaN ? -Double.infinity : $0 }
        return keys.indices.sorted { (-keys[$0], $0) < (-keys[$1], $1) }
    }

    /// The place of the largest, of equal ones the first.
    static func argmax(_ values: [Double]) -> Int {
        var best = 0
        for i in values.indices where values[i] > values[best] { best = i }
        return best
    }

    static func logSumExp(_ values: [Double]) -> Double {
        let largest = values.max() ?? -.infinity
        guard largest.isFinite else { return largest }
        return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
    }

    /// Cosine similarity of two vectors.
    static func cosine(_ left: [Double], _ right: [Double]) -> Double {
        let product = zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
        return product / max(norm(left) * norm(right), 1e-12)
    }

    static func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

extension Array {
    /// The first so many, or all.
    func first(_ count: Int?) -> ArraySlice<Element> { count.map { prefix(Swift.max($0, 0)) } ?? self[...] }
}
