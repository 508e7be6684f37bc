import EdgeLM
import XCTest

/// Replays the golden files of every bundle in the app, on the simulator or device that the tests run on.
final class GoldenTests: XCTestCase {
    private func bundles() throws -> [URL] {
        let folder = Bundle.main.bundleURL.appendingPathComponent("Bundles")
        let entries = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return entries.filter { FileManager.default.fileExists(atPath: $0.appendingPathComponent("edgelm.json").path) }
    }

    func testEveryBundlePassesItsSelfTest() async throws {
        let folders = try bundles()
        try XCTSkipIf(folders.isEmpty, "The app has no bundle: put one into EdgeLMDemo/Bundles.")
        for folder in folders {
            let bundle = try ModelBundle.open(folder)
            let report = try Session(bundle, try await CoreMLRunner.load(bundle, in: folder)).selfTest()
            XCTAssertEqual(report.verdict, .pass, "\(folder.lastPathComponent): \(report.json.text)")
            XCTAssertEqual(report.tokenizerMismatches, 0)
        }
    }
}
