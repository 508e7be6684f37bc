/// The fields of one object of a bundle's JSON, with their types checked; BundleError names the one that is not right.
struct Fields {
    let json: JSON
    /// What the object is, for messages: `tokenizer.json: normalizer`.
    let place: String

    init(_ json: JSON, _ place: String) throws {
        guard json.members != nil else { throw BundleError(.damaged, "\(place) is no object; it is damaged.") }
        self.json = json
        self.place = place
    }

    func damaged(_ key: String) -> BundleError {
        BundleError(.damaged, "\(place) has no valid '\(key)'; it is damaged.")
    }

    /// The field's value; nil where it is absent or null.
    func optional(_ key: String) -> JSON? { json[key].flatMap { $0.isNull ? nil : $0 } }

    /// The field as `read` takes it; `fallback` where it is absent or null.
    private func get<T>(_ key: String, _ fallback: T?, _ read: (JSON) -> T?) throws -> T {
        guard let value = optional(key) else {
            guard let fallback else { throw damaged(key) }
            return fallback
        }
        guard let found = read(value) else { throw damaged(key) }
        return found
    }

    func bool(_ key: String, default fallback: Bool? = nil) throws -> Bool { try get(key, fallback, \.bool) }
    func int(_ key: String, default fallback: Int? = nil) throws -> Int { try get(key, fallback, \.int) }
    func string(_ key: String, default fallback: String? = nil) throws -> String { try get(key, fallback, \.string) }
    func array(_ key: String, default fallback: [JSON]? = nil) throws -> [JSON] { try get(key, fallback, \.array) }
    func members(_ key: String) throws -> [JSON.Member] { try get(key, nil, \.members) }
    func object(_ key: String) throws -> Fields { try Fields(optional(key) ?? .null, "\(place): \(key)") }

    /// A whole number that is not negative.
    func count(_ key: String, default fallback: Int? = nil) throws -> Int {
        try get(key, fallback) { json in json.int.flatMap { $0 >= 0 ? $0 : nil } }
    }

    func strings(_ key: String) throws -> [String] {
        try array(key).map { value in
            guard let text = value.string else { throw damaged(key) }
            return text
        }
    }

    func numbers(_ key: String) throws -> [Double] {
        try array(key).map { value in
            guard let number = value.double else { throw damaged(key) }
            return number
        }
    }

    /// One of several names.
    func choice<T>(_ key: String, _ names: [String: T], default fallback: T? = nil) throws -> T {
        try get(key, fallback) { json in json.string.flatMap { names[$0] } }
    }
}
