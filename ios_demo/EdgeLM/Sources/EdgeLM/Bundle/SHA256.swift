import Foundation

#if canImport(CryptoKit)
    import CryptoKit

    /// The sha256 of bytes, in hexadecimal.
    func sha256(_ data: Data) -> String { SHA256.hash(data: data).map { hexadecimal($0) }.joined() }
#else
    /// The sha256 of bytes, in hexadecimal, where there is no CryptoKit (FIPS 180-4).
    func sha256(_ data: Data) -> String {
        var hash = SHA256State()
        data.withUnsafeBytes { bytes in
            let whole = bytes.count / 64 * 64
            for start in stride(from: 0, to: whole, by: 64) { hash.add(bytes, start) }
            var rest = Array(bytes[whole...]) + [0x80]
            rest.append(contentsOf: repeatElement(0, count: (64 + 56 - rest.count % 64) % 64))
            let bits = UInt64(bytes.count) * 8
            rest.append(contentsOf: (0..<8).reversed().map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
            rest.withUnsafeBytes { end in
                for start in stride(from: 0, to: end.count, by: 64) { hash.add(end, start) }
            }
        }
        return hash.words.flatMap { word in (0..<4).reversed().map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
            .map { hexadecimal($0) }.joined()
    }

    private struct SHA256State {
        private(set) var words = SHA256State.fractions(SHA256State.primes.prefix(8)) { $0.squareRoot() }
        private var schedule = [UInt32](repeating: 0, count: 64)

        private static let primes = (2...311).filter { n in !(2..<n).contains { n % $0 == 0 } }
        private static let constants = fractions(primes[...]) { cbrt($0) }

        /// The first 32 bits of the fractions of the primes' roots; a double holds enough of each.
        private static func fractions(_ primes: ArraySlice<Int>, _ root: (Double) -> Double) -> [UInt32] {
            primes.map { prime in
                let value = root(Double(prime))
                return UInt32((value - value.rounded(.down)) * 4_294_967_296)
            }
        }

        @inline(__always)
        private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 { word >> bits | word << (32 - bits) }

        /// Takes in 64 bytes.
        mutating func add(_ bytes: UnsafeRawBufferPointer, _ start: Int) {
            let rotate = Self.rotate
            let constants = Self.constants
            var (a, b, c, d) = (words[0], words[1], words[2], words[3])
            var (e, f, g, h) = (words[4], words[5], words[6], words[7])
            schedule.withUnsafeMutableBufferPointer { w in
                for i in 0..<16 {
                    w[i] = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * i, as: UInt32.self))
                }
                for i in 16..<64 {
                    let low = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
                    let high = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
                    w[i] = w[i - 16] &+ low &+ w[i - 7] &+ high
                }
                for i in 0..<64 {
                    let sum = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
                    let first = h &+ sum &+ (e & f ^ ~e & g) &+ constants[i] &+ w[i]
                    let second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ (a & b ^ a & c ^ b & c)
                    (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
                }
            }
            for (i, word) in [a, b, c, d, e, f, g, h].enumerated() { words[i] &+= word }
        }
    }
#endif

private func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 2 ? digits : "0" + digits
}
