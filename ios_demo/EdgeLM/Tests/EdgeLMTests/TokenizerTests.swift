import EdgeLM
import XCTest

final class TokenizerTests: XCTestCase {
    private func tokenizer() throws -> Tokenizer {
        try Tokenizer(json: Array(TestBundle.tokenizer.utf8), special: ["unk": "[UNK]", "mask": "[MASK]"])
    }

    func testPiecesAndOffsets() throws {
        let encoding = try tokenizer().encode("Unaffable, café")
        XCTAssertEqual(encoding.ids, [2, 4, 5, 6, 9, 7, 3])
        XCTAssertEqual(encoding.offsets, [0..<0, 0..<2, 2..<5, 5..<9, 9..<10, 11..<15, 0..<0])
        XCTAssertEqual(encoding.wordIDs, [nil, 0, 0, 0, 1, 2, nil])
    }

    func testOffsetsBecomeRangesOfTheString() throws {
        // A decomposed accent: two scalars, one Character.
        let text = "天 cafe\u{301}!"
        let encoding = try tokenizer().encode(text)
        XCTAssertEqual(encoding.offsets[2], 2..<6)
        let range = try XCTUnwrap(text.range(ofScalars: 2..<7))
        XCTAssertEqual(String(text[range]), "cafe\u{301}")
        XCTAssertNil(text.range(ofScalars: 2..<70))
    }

    func testPairsAndCuts() throws {
        let pair = try tokenizer().encode("un", pair: "天 天 天")
        XCTAssertEqual(pair.typeIDs, [0, 0, 0, 1, 1, 1, 1])
        XCTAssertEqual(pair.sequenceIDs, [nil, 0, nil, 1, 1, 1, nil])
        XCTAssertEqual(try tokenizer().cut("un", pair: "天 天 天", maxLength: 5).ids, [2, 4, 3, 8, 3])
    }

    func testWindowsShareTokens() throws {
        let windows = try tokenizer().windows("un", "天 , 天 , 天 ,", length: 7, docStride: 2)
        XCTAssertEqual(
            windows.map(\.ids),
            [[2, 4, 3, 8, 9, 8, 3], [2, 4, 3, 9, 8, 9, 3], [2, 4, 3, 8, 9, 8, 3], [2, 4, 3, 9, 8, 9, 3]])
        XCTAssertThrowsError(try tokenizer().windows("un un un un un", "天 天 天", length: 7, docStride: 2)) {
            XCTAssertEqual(($0 as? InputError)?.kind, .tooLong)
        }
    }

    func testDecode() throws {
        XCTAssertEqual(try tokenizer().decode([2, 4, 5, 6, 9, 7, 3], skipSpecialTokens: true), "unaffable, cafe")
        XCTAssertEqual(try tokenizer().decode([2, 99], skipSpecialTokens: false), "[CLS]")
    }

    func testSpecialTokensOfTheVocabularyAlone() throws {
        XCTAssertEqual(try tokenizer().specialIDs, ["unk": 1])
    }

    func testUnknownComponentsAreNamed() {
        let json = TestBundle.tokenizer.replacingOccurrences(of: "BertPreTokenizer", with: "Jieba")
        XCTAssertThrowsError(try Tokenizer(json: Array(json.utf8))) {
            XCTAssertEqual(($0 as? UnsupportedError)?.name, "Jieba")
        }
    }

    func testBrokenFilesAreBundleErrors() {
        let whole = Array(TestBundle.tokenizer.utf8)
        for end in stride(from: 0, to: whole.count - 1, by: 7) {
            XCTAssertThrowsError(try Tokenizer(json: Array(whole[..<end]))) {
                XCTAssertTrue($0 is BundleError, "\($0)")
            }
        }
    }

    func testHalfOfACharacterIsRefused() {
        XCTAssertThrowsError(try String(strictUTF16: [0x61, 0xD800])) {
            XCTAssertEqual(($0 as? InputError)?.kind, .invalidUnicode)
        }
        XCTAssertThrowsError(try String(strictUTF8: [0xED, 0xA0, 0x80])) { XCTAssertTrue($0 is InputError) }
        XCTAssertEqual(try String(strictUTF16: [0xD83E, 0xDD99]), "🦙")
        XCTAssertEqual(try String(strictUTF8: Array("天🦙".utf8)), "天🦙")
    }
}
