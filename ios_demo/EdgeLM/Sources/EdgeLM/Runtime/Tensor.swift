import Foundation

/// An array of numbers with a shape, as a model takes and gives it.
public struct Tensor: Sendable, Equatable {
    public enum Values: Sendable, Equatable {
        case int32([Int32])
        case int64([Int64])
        case float32([Float])
    }

    public let shape: [Int]
    public let values: Values

    public init(shape: [Int], values: Values) {
        self.shape = shape
        self.values = values
    }

    public init(shape: [Int], floats: [Float]) { self.init(shape: shape, values: .float32(floats)) }

    /// Whole numbers of a dtype of a manifest: `int32` or `int64`.
    public init(shape: [Int], integers: [Int], dtype: String) throws {
        switch dtype {
        case "int32": self.init(shape: shape, values: .int32(integers.map { Int32(truncatingIfNeeded: $0) }))
        case "int64": self.init(shape: shape, values: .int64(integers.map(Int64.init)))
        default: throw UnsupportedError(dtype, "A model's input of \(dtype) is not supported.")
        }
    }

    /// Little-endian bytes, as golden files hold them; nil where there are more or fewer than the shape says.
    public init?(shape: [Int], dtype: String, bytes: Data) {
        var elements = 1
        for size in shape {
            let (product, isTooLarge) = elements.multipliedReportingOverflow(by: size)
            guard size >= 0, !isTooLarge else { return nil }
            elements = product
        }
        func numbers<T>(_ width: Int, _ read: (UnsafeRawBufferPointer, Int) -> T) -> [T]? {
            guard bytes.count % width == 0, bytes.count / width == elements else { return nil }
            return bytes.withUnsafeBytes { buffer in (0..<elements).map { read(buffer, $0 * width) } }
        }
        switch dtype {
        case "int32":
            guard let found = numbers(4, { Int32(littleEndian: $0.loadUnaligned(fromByteOffset: $1, as: Int32.self)) })
            else { return nil }
            values = .int32(found)
        case "int64":
            guard let found = numbers(8, { Int64(littleEndian: $0.loadUnaligned(fromByteOffset: $1, as: Int64.self)) })
            else { return nil }
            values = .int64(found)
        case "float32":
            guard
                let found = numbers(
                    4,
                    { Float(bitPattern: UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: $1, as: UInt32.self))) })
            else { return nil }
            values = .float32(found)
        default: return nil
        }
        self.shape = shape
    }

    public var count: Int {
        switch values {
        case .int32(let numbers): return numbers.count
        case .int64(let numbers): return numbers.count
        case .float32(let numbers): return numbers.count
        }
    }

    public var dtype: String {
        switch values {
        case .int32: return "int32"
        case .int64: return "int64"
        case .float32: return "float32"
        }
    }

    /// The numbers of a float32 tensor; nil of any other.
    public var floats: [Float]? {
        if case .float32(let numbers) = values { return numbers }
        return nil
    }

    /// The numbers of an integer tensor; nil of any other.
    public var integers: [Int]? {
        switch values {
        case .int32(let numbers): return numbers.map(Int.init)
        case .int64(let numbers): return numbers.map(Int.init)
        case .float32: return nil
        }
    }

    /// A batch of one, with its second axis as long as `length`: cut, or filled up with `padding`.
    func resized(to length: Int, padding: Int = 0) -> Tensor {
        guard shape.count > 1, shape[0] == 1, shape[1] != length else { return self }
        let row = shape[2...].reduce(1, *)
        func resize<T>(_ numbers: [T], _ filler: T) -> [T] {
            let kept = numbers.prefix(length * row)
            return kept + Array(repeating: filler, count: length * row - kept.count)
        }
        let new: Values
        switch values {
        case .int32(let numbers): new = .int32(resize(numbers, Int32(truncatingIfNeeded: padding)))
        case .int64(let numbers): new = .int64(resize(numbers, Int64(padding)))
        case .float32(let numbers): new = .float32(resize(numbers, Float(padding)))
        }
        return Tensor(shape: [1, length] + shape[2...], values: new)
    }
}
