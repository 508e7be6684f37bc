import EdgeLM
import Foundation

/// A tiny bundle of a text classifier, written by these tests: WordPiece, two labels, one golden case.
enum TestBundle {
    static let tokenizer = """
        {"version": "1.0", "added_tokens": [
            {"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 1, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 2, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
            {"id": 3, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
         "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
         "pre_tokenizer": {"type": "BertPreTokenizer"},
         "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
         "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
             "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "un": 4, "##aff": 5, "##able": 6, "cafe": 7, "天": 8, ",": 9}}}
        """

    static func manifest(version: Int = 1, files: [String: Data]) -> String {
        let entries = files.sorted { $0.key < $1.key }.map { name, data in
            "\"\(name)\": {\"sha256\": \"\(digests[name] ?? "")\", \"bytes\": \(data.count)}"
        }
        return """
            {"schema_version": \(version), "model": "tiny", "task": "text-classification", "labels": ["no", "yes"],
             "target": "ios", "precision": "fp32", "scheme": {}, "rewrites": [], "max_length": 8, "lengths": [8],
             "artifact": {"files": [], "inputs": [{"name": "input_ids", "dtype": "int32", "shape": [1, "length"]},
                 {"name": "attention_mask", "dtype": "int32", "shape": [1, "length"]}],
                 "outputs": [{"name": "logits", "dtype": "float32", "shape": [1, 2]}]},
             "tokenizer": {"special_tokens": {"pad": "[PAD]", "unk": "[UNK]"}},
             "decode": {"activation": "softmax"}, "source": {}, "files": {\(entries.joined(separator: ", "))}}
            """
    }

    /// `café` is [CLS] cafe [SEP]; the model below gives it these logits.
    static var golden: [String: Data] {
        let json = """
            {"tolerance": {"max_abs": 0.001, "mean_abs": null, "min_cosine": 0.999, "min_sqnr_db": null, "min_top1": 1},
             "cases": [{"texts": ["café"],
                "inputs": {"input_ids": {"file": "0.input_ids.bin", "dtype": "int32", "shape": [1, 3]},
                           "attention_mask": {"file": "0.attention_mask.bin", "dtype": "int32", "shape": [1, 3]}},
                "outputs": {"logits": {"file": "0.logits.bin", "dtype": "float32", "shape": [1, 2]}}}]}
            """
        return [
            "golden/golden.json": Data(json.utf8), "golden/0.input_ids.bin": bytes([Int32(2), 7, 3]),
            "golden/0.attention_mask.bin": bytes([Int32(1), 1, 1]), "golden/0.logits.bin": bytes([Float(12), 3]),
        ]
    }

    static func bytes<T>(_ numbers: [T]) -> Data { numbers.withUnsafeBytes { Data($0) } }

    /// Of the two files that the tests have digests for, by `sha256sum`.
    private static let digests = ["a.bin": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]

    /// The bundle's files; `changes` replace some of them, or leave them out where they are nil.
    static func files(version: Int = 1, _ changes: [String: Data?] = [:]) -> MemoryFiles {
        let listed = ["a.bin": Data("abc".utf8)]
        var files = golden.merging(listed) { first, _ in first }
        files["tokenizer.json"] = Data(tokenizer.utf8)
        files["edgelm.json"] = Data(manifest(version: version, files: listed).utf8)
        for (name, data) in changes { files[name] = data }
        return MemoryFiles(files: files)
    }
}

struct MemoryFiles: BundleFiles {
    var files: [String: Data]

    var name: String { "memory" }
    func exists(_ name: String) -> Bool { files[name] != nil }
    func read(_ name: String) throws -> Data {
        guard let data = files[name] else { throw CocoaError(.fileNoSuchFile) }
        return data
    }
}

/// A model that can be calculated by hand: the sum of the ids that count, and how many they are.
struct SumModel: Runner {
    var length: Int?

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        let ids = inputs["input_ids"]?.integers ?? []
        let mask = inputs["attention_mask"]?.integers ?? []
        if let length, ids.count != length { return [:] }
        let sum = zip(ids, mask).reduce(0) { $0 + $1.0 * $1.1 }
        return ["logits": Tensor(shape: [1, 2], floats: [Float(sum), Float(mask.reduce(0, +))])]
    }
}
