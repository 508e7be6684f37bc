import SwiftUI

@main
struct EdgeLMDemoApp: App {
    var body: some Scene {
        WindowGroup { ContentView() }
    }
}
