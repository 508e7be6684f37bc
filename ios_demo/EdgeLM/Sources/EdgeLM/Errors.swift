/// What EdgeLM throws: a message that says what happened, and a hint that says what to do.
public protocol EdgeLMError: Error, CustomStringConvertible {
    var message: String { get }
    var hint: String { get }
}

extension EdgeLMError {
    public var description: String { hint.isEmpty ? message : "\(message) \(hint)" }
}

/// A folder that is no bundle, or one that is not as it was exported.
public struct BundleError: EdgeLMError, Equatable {
    public enum Kind: String, Sendable {
        case notABundle, newerSchema, missingFile, changedFile, damaged
    }

    public let kind: Kind
    public let message: String
    public let hint: String

    public init(_ kind: Kind, _ message: String, hint: String = "Export it again.") {
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}

/// A part of a tokenizer, or a task, that this kit does not read; `name` is that part.
public struct UnsupportedError: EdgeLMError, Equatable {
    public let name: String
    public let message: String
    public let hint: String

    public init(_ name: String, _ message: String, hint: String = "Update EdgeLM.") {
        self.name = name
        self.message = message
        self.hint = hint
    }
}

/// A question that the bundle's task cannot take.
public struct InputError: EdgeLMError, Equatable {
    public enum Kind: String, Sendable {
        case emptyText, invalidUnicode, tooLong, missingContext, tooFewChoices, unknownPrompt, noMask, notTaken
    }

    public let kind: Kind
    public let message: String
    public let hint: String

    public init(_ kind: Kind, _ message: String, hint: String = "") {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    static let emptyText = InputError(.emptyText, "The text is empty.")
    static let invalidUnicode = InputError(
        .invalidUnicode, "The text is not valid Unicode.", hint: "Is it in another encoding than UTF-8?")
}
