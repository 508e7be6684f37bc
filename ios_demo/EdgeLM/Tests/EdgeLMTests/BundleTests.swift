import EdgeLM
import XCTest

final class BundleTests: XCTestCase {
    private func kind(_ files: MemoryFiles) -> BundleError.Kind? {
        do {
            _ = try ModelBundle.open(files)
            return nil
        } catch {
            return (error as? BundleError)?.kind
        }
    }

    func testAGoodBundleOpens() throws {
        XCTAssertEqual(try ModelBundle.open(TestBundle.files()).manifest.labels, ["no", "yes"])
    }

    func testWhatIsWrongIsSaid() {
        XCTAssertEqual(kind(MemoryFiles(files: [:])), .notABundle)
        XCTAssertEqual(kind(TestBundle.files(version: 2)), .newerSchema)
        XCTAssertEqual(kind(TestBundle.files(["a.bin": nil])), .missingFile)
        XCTAssertEqual(kind(TestBundle.files(["a.bin": Data("abd".utf8)])), .changedFile)
        XCTAssertEqual(kind(TestBundle.files(["edgelm.json": Data("{".utf8)])), .damaged)
        XCTAssertEqual(kind(TestBundle.files(["tokenizer.json": Data("[]".utf8)])), .damaged)
    }

    func testAnswers() throws {
        let bundle = try ModelBundle.open(TestBundle.files())
        let session = Session(bundle, PaddedRunner(SumModel(length: 8), bundle))
        guard case .labels(let labels) = try session.answer(Question("café")) else { return XCTFail("no labels") }
        XCTAssertEqual(labels.map(\.label), ["no", "yes"])
        XCTAssertEqual(labels[0].score, 1 / (1 + exp(-9)), accuracy: 1e-12)
    }

    func testQuestionsThatTheTaskDoesNotTake() throws {
        let bundle = try ModelBundle.open(TestBundle.files())
        func kind(_ question: Question) -> InputError.Kind? {
            do {
                _ = try bundle.prepare(question)
                return nil
            } catch {
                return (error as? InputError)?.kind
            }
        }
        XCTAssertEqual(kind(Question(" \u{1F}\n")), .emptyText)
        XCTAssertEqual(kind(Question("un", choices: ["a", "b"])), .notTaken)
        XCTAssertEqual(kind(Question("un un un un un un un")), .tooLong)
        XCTAssertNil(kind(Question("un un un un un un un", truncate: true)))
    }

    func testSelfTestPassesAndFails() throws {
        let bundle = try ModelBundle.open(TestBundle.files())
        let good = try Session(bundle, PaddedRunner(SumModel(length: 8), bundle)).selfTest(repeats: 3)
        XCTAssertEqual(good.verdict, .pass)
        XCTAssertEqual(good.signatures.map(\.name), ["8"])
        XCTAssertEqual(good.signatures[0].maxAbsError, 0)
        let wrong = TestBundle.files(["golden/0.logits.bin": TestBundle.bytes([Float(12), 4])])
        XCTAssertEqual(try Session(.open(wrong), SumModel()).selfTest(repeats: 1).verdict, .fail)
        let other = TestBundle.files(["golden/0.input_ids.bin": TestBundle.bytes([Int32(2), 4, 3])])
        XCTAssertEqual(try Session(.open(other), SumModel()).selfTest(repeats: 1).tokenizerMismatches, 1)
        let lacking = TestBundle.files(["golden/golden.json": nil])
        XCTAssertEqual(try Session(.open(lacking), SumModel()).selfTest(repeats: 1).verdict, .unmeasured)
        let none = TestBundle.files(["golden/golden.json": Data(#"{"tolerance": {}, "cases": []}"#.utf8)])
        XCTAssertEqual(try Session(.open(none), SumModel()).selfTest(repeats: 1).verdict, .unmeasured)
    }

    /// Replays a folder that `edgelm export` wrote: its tokenizer must give the golden ids, and its own outputs pass.
    func testAnExportedBundle() throws {
        guard let path = ProcessInfo.processInfo.environment["EDGELM_BUNDLE"] else {
            throw XCTSkip("EDGELM_BUNDLE names no bundle")
        }
        let bundle = try ModelBundle.open(URL(fileURLWithPath: path))
        let report = try Session(bundle, GoldenRunner(FolderFiles(URL(fileURLWithPath: path)))).selfTest(repeats: 1)
        XCTAssertEqual(report.verdict, .pass)
        XCTAssertEqual(report.tokenizerMismatches, 0)
    }
}

/// Answers golden inputs with the golden outputs of the same case.
private struct GoldenRunner: Runner {
    private let cases: [(inputs: [String: Tensor], outputs: [String: Tensor])]

    init(_ files: FolderFiles) throws {
        let golden = try JSON.parse([UInt8](files.read("golden/golden.json")))
        cases = try (golden["cases"]?.array ?? []).map { item in
            func tensors(_ key: String) throws -> [String: Tensor] {
                var found: [String: Tensor] = [:]
                for member in item[key]?.members ?? [] {
                    let shape = (member.value["shape"]?.array ?? []).compactMap(\.int)
                    let bytes = try files.read("golden/" + (member.value["file"]?.string ?? ""))
                    found[member.key] = Tensor(shape: shape, dtype: member.value["dtype"]?.string ?? "", bytes: bytes)
                }
                return found
            }
            return (try tensors("inputs"), try tensors("outputs"))
        }
    }

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        cases.first { $0.inputs == inputs }?.outputs ?? [:]
    }
}
