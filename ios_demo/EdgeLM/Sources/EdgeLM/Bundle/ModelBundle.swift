import Foundation

/// A bundle as `edgelm export` writes it, read and checked.
public struct ModelBundle: Sendable {
    public let files: any BundleFiles
    public let manifest: Manifest
    public let tokenizer: Tokenizer

    /// Reads the bundle in a folder.
    public static func open(_ url: URL, verifying: Bool = true) throws -> ModelBundle {
        try open(FolderFiles(url), verifying: verifying)
    }

    /// Reads the manifest and the tokenizer, and checks that every file is there and as it was exported.
    ///
    /// BundleError for whatever is not so, UnsupportedError for a tokenizer with an unknown component. `verifying: false`
    /// leaves the digests unchecked, for files that the system itself keeps signed, as an app's resources.
    public static func open(_ files: any BundleFiles, verifying: Bool = true) throws -> ModelBundle {
        guard files.exists(Manifest.file) else {
            throw BundleError(
                .notABundle, "\(files.name) is no bundle: it has no \(Manifest.file).",
                hint: "Make one: edgelm export MODEL --target T")
        }
        let manifest = try Manifest(json(files, Manifest.file), "\(files.name)/\(Manifest.file)")
        if let missing = manifest.files.first(where: { !files.exists($0.name) }) {
            throw BundleError(.missingFile, "\(files.name) lacks \(missing.name), which its manifest lists.")
        }
        if verifying { try verify(files, manifest) }
        guard files.exists("tokenizer.json") else {
            throw BundleError(.missingFile, "\(files.name) lacks tokenizer.json.")
        }
        let tokenizer = try Tokenizer(json: [UInt8](read(files, "tokenizer.json")), special: manifest.specialTokens)
        return ModelBundle(files: files, manifest: manifest, tokenizer: tokenizer)
    }

    private static func verify(_ files: any BundleFiles, _ manifest: Manifest) throws {
        for (name, entry) in manifest.files {
            let data = try read(files, name)
            guard data.count == entry.bytes, sha256(data) == entry.sha256 else {
                throw BundleError(.changedFile, "\(files.name)/\(name) was changed since the export.")
            }
        }
    }

    static func read(_ files: any BundleFiles, _ name: String) throws -> Data {
        do {
            return try files.read(name)
        } catch {
            throw BundleError(.missingFile, "\(files.name)/\(name) cannot be read.")
        }
    }

    static func json(_ files: any BundleFiles, _ name: String) throws -> JSON {
        do {
            return try JSON.parse([UInt8](read(files, name)))
        } catch let error as JSONError {
            throw BundleError(.damaged, "\(files.name)/\(name) is no JSON: \(error).")
        }
    }
}
