import Foundation

/// A conditional random field over a tagger's logits (Lafferty et al. 2001): the best labels, and how sure they are.
struct ConditionalRandomField {
    /// The tokens that it reads.
    enum Tokens: String { case all, text, words }

    let tokens: Tokens
    /// [labels], [labels][labels] from the row's to the column's, [labels].
    private let start: [Double]
    private let transitions: [[Double]]
    private let end: [Double]

    init(_ rules: Fields, labels: Int) throws {
        guard let tokens = Tokens(rawValue: try rules.string("tokens")) else { throw rules.damaged("tokens") }
        self.tokens = tokens
        start = try rules.numbers("start")
        end = try rules.numbers("end")
        transitions = try rules.array("transitions").map { row in
            guard let row = row.array?.map(\.double), row.count == labels, !row.contains(nil) else {
                throw rules.damaged("transitions")
            }
            return row.compactMap { $0 }
        }
        guard [start.count, end.count, transitions.count].allSatisfy({ $0 == labels }) else {
            throw rules.damaged("transitions")
        }
    }

    /// [tokens][labels]: 0 but for the labels of the best path, each of which has its probability at its token.
    func scores(_ logits: [[Double]]) -> [[Double]] {
        let marginals = marginals(logits)
        return zip(bestPath(logits), marginals).map { label, row in
            row.indices.map { $0 == label ? row[$0] : 0 }
        }
    }

    /// The labels whose sum of logits and transitions is the largest (Viterbi 1967); of equal ones the first.
    private func bestPath(_ logits: [[Double]]) -> [Int] {
        var score = add(start, logits[0])
        var origins: [[Int]] = []
        for row in logits.dropFirst() {
            let reached = row.indices.map { label in score.indices.map { score[$0] + transitions[$0][label] } }
            let origin = reached.map(Scores.argmax)
            origins.append(origin)
            score = row.indices.map { reached[$0][origin[$0]] + row[$0] }
        }
        var path = [Scores.argmax(add(score, end))]
        for origin in origins.reversed() { path.append(origin[path[path.count - 1]]) }
        return path.reversed()
    }

    /// The probability of each label at each token over all paths (forward-backward).
    private func marginals(_ logits: [[Double]]) -> [[Double]] {
        var forward = [add(start, logits[0])]
        for row in logits.dropFirst() {
            let last = forward[forward.count - 1]
            forward.append(
                row.indices.map { label in
                    Scores.logSumExp(last.indices.map { last[$0] + transitions[$0][label] }) + row[label]
                })
        }
        var backward = [end]
        for row in logits.dropFirst().reversed() {
            let ahead = add(row, backward[backward.count - 1])
            backward.append(transitions.map { Scores.logSumExp(add($0, ahead)) })
        }
        let total = Scores.logSumExp(add(forward[forward.count - 1], end))
        return zip(forward, backward.reversed()).map { ahead, behind in add(ahead, behind).map { exp($0 - total) } }
    }

    private func add(_ left: [Double], _ right: [Double]) -> [Double] { zip(left, right).map { $0 + $1 } }
}
