import Foundation

/// Where a bundle's files are: a folder, an app's resources, an archive. Names are relative, with slashes.
public protocol BundleFiles: Sendable {
    /// What messages call the bundle.
    var name: String { get }
    func exists(_ name: String) -> Bool
    func read(_ name: String) throws -> Data
}

/// A bundle that lies in a folder, on disk or among an app's resources.
public struct FolderFiles: BundleFiles {
    public let url: URL

    public init(_ url: URL) { self.url = url }

    public var name: String { url.path }

    public func exists(_ name: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: place(of: name).path, isDirectory: &isFolder)
            && !isFolder.boolValue
    }

    public func read(_ name: String) throws -> Data { try Data(contentsOf: place(of: name), options: .mappedIfSafe) }

    public func place(of name: String) -> URL { url.appendingPathComponent(name) }
}
