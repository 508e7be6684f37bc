// Not compiled where the package was made: there is no Apple SDK. Written by Apple's documentation of Core ML.
#if canImport(CoreML)
    import CoreML
    import Foundation

    /// A model in Core ML.
    ///
    /// Of a model with fixed or enumerated lengths put a `PaddedRunner` around it; `CoreMLRunner.load(bundle:)` does.
    public struct CoreMLRunner: Runner, @unchecked Sendable {
        // MLModel may be used from several threads, one prediction at a time on each (Apple: MLModel).
        private let model: MLModel

        public init(_ model: MLModel) { self.model = model }

        /// Loads the model of a bundle that lies in a folder: `NAME.mlmodelc` beside or among its files if Xcode
        /// compiled it already, else `NAME.mlpackage`, which is compiled now and takes some seconds.
        public static func load(
            _ bundle: ModelBundle, in folder: URL, computeUnits: MLComputeUnits = .all
        ) async throws -> any Runner {
            guard let file = bundle.manifest.modelFiles.first(where: { $0.contains(".mlpackage/") }),
                let package = file.split(separator: "/").first
            else {
                throw UnsupportedError(
                    bundle.manifest.target,
                    "The bundle's target is \(bundle.manifest.target), which Core ML does not run.",
                    hint: "Export it with --target ios.")
            }
            let url = folder.appendingPathComponent(String(package))
            let compiled = url.deletingPathExtension().appendingPathExtension("mlmodelc")
            let isCompiled = FileManager.default.fileExists(atPath: compiled.path)
            let configuration = MLModelConfiguration()
            configuration.computeUnits = computeUnits
            let model = try await MLModel.load(
                contentsOf: isCompiled ? compiled : compile(url), configuration: configuration)
            return PaddedRunner(CoreMLRunner(model), bundle)
        }

        private static func compile(_ url: URL) async throws -> URL {
            if #available(iOS 16, macOS 13, *) { return try await MLModel.compileModel(at: url) }
            return try compileNow(url)
        }

        // Only a function that is not async finds the older method of the same name.
        private static func compileNow(_ url: URL) throws -> URL { try MLModel.compileModel(at: url) }

        public func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
            var features: [String: MLFeatureValue] = [:]
            for (name, tensor) in inputs {
                guard let numbers = tensor.integers else {
                    throw UnsupportedError(name, "Core ML models of edgelm take whole numbers; \(name) has others.")
                }
                let array = MLShapedArray<Int32>(
                    scalars: numbers.map { Int32(truncatingIfNeeded: $0) }, shape: tensor.shape)
                features[name] = MLFeatureValue(shapedArray: array)
            }
            let found = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: features))
            var outputs: [String: Tensor] = [:]
            for name in found.featureNames {
                guard let value = found.featureValue(for: name)?.multiArrayValue else { continue }
                // Of float16 outputs too; the scalars are in row-major order whatever the strides were.
                let array = MLShapedArray<Float>(converting: value)
                outputs[name] = Tensor(shape: array.shape, floats: array.scalars)
            }
            return outputs
        }
    }
#endif
