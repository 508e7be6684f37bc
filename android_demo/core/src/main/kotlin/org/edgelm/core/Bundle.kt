package org.edgelm.core

/** What `edgelm export` writes: its files, and the manifest that says what is in them. */
class Bundle private constructor(val files: BundleFiles, val manifest: Manifest) {
    /** The tokenizer that the bundle ships. */
    fun tokenizer(): Tokenizer = Tokenizer.read(files.read("tokenizer.json"), manifest.specialTokens)

    companion object {
        const val MANIFEST = "edgelm.json"

        /**
         * Read and check a bundle; [BundleError] where it is none, is newer than this kit, or lacks a file.
         *
         * [isVerified]: every file is read once, and one that is not what the manifest says is an error too. An app
         * whose installer has proved its files may leave that out.
         */
        fun open(files: BundleFiles, isVerified: Boolean = true): Bundle {
            if (!files.exists(MANIFEST)) {
                throw BundleError(
                    BundleError.Reason.NOT_A_BUNDLE, "This is no bundle: it has no $MANIFEST.",
                    "Make one: edgelm export MODEL --target T"
                )
            }
            val manifest = Manifest.read(files.read(MANIFEST))
            manifest.files.forEach { if (!files.exists(it.name)) throw lacks(it.name) }
            if (isVerified) manifest.files.forEach { verify(files, it) }
            return Bundle(files, manifest)
        }

        private fun verify(files: BundleFiles, listed: Manifest.ListedFile) {
            val (sha256, size) = files.digest(listed.name)
            if (sha256 != listed.sha256 || size != listed.bytes) {
                throw BundleError(BundleError.Reason.CHANGED_FILE, "${listed.name} was changed since the export.")
            }
        }
    }
}

/** Name, dtype and shape of an input or output of the model; a size that differs from run to run has a name. */
class TensorSpec internal constructor(val name: String, val dtype: DType, val shape: List<String>) {
    /** Whether there is a value for each token. */
    val isByToken: Boolean get() = shape.getOrNull(1) == "length"
}

/** What edgelm.json says; members that only some tasks have are read by those. */
class Manifest private constructor(private val fields: Fields) {
    /** A file with its SHA-256, in hexadecimal, and its size. */
    class ListedFile internal constructor(val name: String, val sha256: String, val bytes: Long)

    val model: String = fields.string("model")
    val task: String = fields.string("task")
    val target: String = fields.string("target")
    val precision: String = fields.string("precision")
    val labels: List<String> = fields.strings("labels")

    /** The most tokens that a text may have. */
    val maxLength: Int = fields.count("max_length")

    /** The only lengths that the model takes, ascending; empty where it takes any. */
    val lengths: List<Int> = fields.counts("lengths").sorted()
    val files: List<ListedFile> = fields.fields("files").let { files -> files.names.map { listed(files, it) } }

    /** The artifact's files, the model itself first. */
    val artifactFiles: List<String> = fields.fields("artifact").strings("files")
    val inputs: List<TensorSpec> =
        specs("inputs").also { if (it.isEmpty()) throw fields.damaged("the model has no inputs") }
    val outputs: List<TensorSpec> = specs("outputs")

    /** The special token of each role. */
    val specialTokens: Map<String, String> = fields.fields("tokenizer").fields("special_tokens").let { roles ->
        roles.names.associateWith { roles.string(it) }
    }

    /** The format's own facts, such as a TFLite file's signatures, as JSON values. */
    val details: Map<String, Any?> = fields.fields("artifact").any("details").let { details ->
        (details as? Map<*, *>)?.entries?.associate { it.key as String to it.value } ?: emptyMap()
    }
    internal val slotLabels: List<String> get() = fields.strings("slot_labels")
    internal val decode: Fields = fields.fields("decode")
    internal val prompts: Fields? = fields.optionalFields("prompts")

    private fun specs(name: String): List<TensorSpec> = fields.fields("artifact").objects(name).map { spec ->
        val dtype = spec.optionalString("dtype") ?: DType.INT32.label
        TensorSpec(
            spec.string("name"),
            DType.of(dtype) ?: throw UnsupportedError("The kit does not read tensors of $dtype."),
            spec.list("shape").map { it.toString() }
        )
    }

    companion object {
        private const val SCHEMA_VERSION = 1L

        /** What every reader of a manifest relies on. */
        private val KEYS = arrayOf(
            "model", "task", "labels", "target", "precision", "scheme", "rewrites", "max_length", "lengths", "artifact",
            "tokenizer", "decode", "source", "files"
        )

        internal fun read(content: ByteArray): Manifest {
            val fields = Fields.parse(content, Bundle.MANIFEST)
            val version = fields.any("schema_version")
            if (version != SCHEMA_VERSION) {
                val isNewer = version is Long && version > SCHEMA_VERSION
                throw BundleError(
                    if (isNewer) BundleError.Reason.NEWER_SCHEMA else BundleError.Reason.DAMAGED,
                    "The bundle has schema version $version; this kit reads $SCHEMA_VERSION.",
                    if (isNewer) "Update the edgelm kit of the app." else BundleError.EXPORT_AGAIN
                )
            }
            KEYS.firstOrNull { !fields.has(it) }?.let { throw fields.wrong(it, "there") }
            return Manifest(fields)
        }

        private fun listed(files: Fields, name: String): ListedFile {
            if (name.startsWith("/") || name.contains('\\') || ".." in name.split('/')) {
                throw files.damaged("$name is no path inside the bundle")
            }
            val entry = files.fields(name)
            val bytes = entry.any("bytes") as? Long ?: throw entry.wrong("bytes", "a whole number")
            return ListedFile(name, entry.string("sha256"), bytes)
        }
    }
}
