import EdgeLMDemoModel
import SwiftUI

struct ContentView: View {
    @StateObject private var model = DemoViewModel()

    var body: some View {
        NavigationStack {
            Form {
                bundleSection
                if let form = model.form { inputSection(form) }
                OutcomeView(outcome: model.outcome, title: model.form?.title ?? "Answer")
                if model.form != nil { checkSection }
            }
            .navigationTitle("EdgeLM")
            .overlay { if model.isBusy { ProgressView().accessibilityLabel("Working") } }
            .task { model.open() }
        }
    }

    private var bundleSection: some View {
        Section("Bundle") {
            if model.catalog.entries.isEmpty {
                Text("This app has no bundle. Put one into the folder Bundles and build the app again.")
            } else {
                Picker("Bundle", selection: $model.selection) {
                    ForEach(model.catalog.entries) { Text($0.id).tag($0.id) }
                }
                .onChange(of: model.selection) { _ in model.open() }
                .accessibilityHint("Chooses the model that answers")
            }
        }
    }

    private func inputSection(_ form: TaskForm) -> some View {
        Section("Text") {
            TextEditor(text: $model.text)
                .frame(minHeight: 80)
                .accessibilityLabel("Text")
            if let label = form.pair {
                TextField(label, text: $model.pair, axis: .vertical)
                    .lineLimit(1...8)
                    .accessibilityLabel(label)
            }
            if let label = form.list {
                Text(label).font(.caption).foregroundStyle(.secondary).accessibilityHidden(true)
                TextEditor(text: $model.list)
                    .frame(minHeight: 80)
                    .accessibilityLabel(label)
            }
            PasteButton(payloadType: String.self) { texts in
                guard let text = texts.first else { return }
                Task { @MainActor in model.text = text }
            }
            .accessibilityHint("Puts the clipboard's text in the place of the text")
            Button("Answer", action: model.answer)
                .disabled(!model.canAsk)
                .accessibilityHint("Runs the model on the text")
        }
    }

    private var checkSection: some View {
        Section {
            Button("Self-test", action: model.selfTest)
                .accessibilityHint("Replays the bundle's golden files on this device")
            Button("Benchmark", action: model.benchmark)
                .accessibilityHint("Times the model and the tokenizer on the text above")
        } header: {
            Text("This device")
        }
        .disabled(!model.canAsk)
    }
}
