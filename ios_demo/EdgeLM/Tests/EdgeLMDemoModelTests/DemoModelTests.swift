import EdgeLM
import EdgeLMDemoModel
import XCTest

final class DemoModelTests: XCTestCase {
    private func entity(_ range: Range<Int>) -> Answer.Entity {
        Answer.Entity(group: "PER", score: 0.9, word: "", range: range)
    }

    func testHighlightsLoseNothing() {
        let text = "😀 Ana and 天 in Graz"
        let parts = Highlight.cut(text, at: [entity(2..<5), entity(10..<11)])
        XCTAssertEqual(parts.map(\.text), ["😀 ", "Ana", " and ", "天", " in Graz"])
        XCTAssertEqual(parts.map { $0.entity != nil }, [false, true, false, true, false])
        XCTAssertEqual(Highlight.cut(text, at: [entity(500..<900)]).map(\.text), [text])
    }

    func testNumbersForPeople() {
        XCTAssertEqual(Presentation.percent(0.9731), "97.3 %")
        XCTAssertEqual(Presentation.percent(-3.456), "-3.46")
        XCTAssertEqual(Presentation.decimal(0.05, places: 2), "0.05")
        XCTAssertEqual(Presentation.decimal(.nan, places: 2), "not measured")
    }

    func testBarsAreFilledFromNoneToAll() {
        let presentation = Presentation(.similarity(-0.25), text: "")
        guard case .bars(let bars) = presentation else { return XCTFail("no bars") }
        XCTAssertEqual(bars.map(\.filled), [0])
        XCTAssertEqual(bars.map(\.spoken), ["similarity, -0.25"])
    }

    func testFormsOfTasks() {
        XCTAssertEqual(TaskForm(task: "question-answering", isReranker: false).pair, "Context")
        XCTAssertNotNil(TaskForm(task: "text-classification", isReranker: true).list)
    }

    func testTheCatalogueOfAnEmptyPlaceIsEmpty() {
        XCTAssertEqual(BundleCatalog(in: URL(fileURLWithPath: "/nowhere/at/all")).entries, [])
    }

    func testAnEngineWithoutABundleSaysSo() async {
        let engine = DemoEngine { _, _ in throw CancellationError() }
        do {
            _ = try await engine.answer(Question("un"))
            XCTFail("answered without a bundle")
        } catch {
            XCTAssertEqual((error as? BundleError)?.message, "No bundle is open.")
        }
    }
}
