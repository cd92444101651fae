public import WeirCore

extension WindowResult: StateComposite {
    public static func stateCodec() throws -> StateCodec<WindowResult> {
        try .record(
            "WindowResult", StateField("key") { $0.key }, StateField("window") { $0.window },
            StateField("pane") { $0.pane }, StateField("value") { $0.value }
        ) { WindowResult(key: $0, window: $1, pane: $2, value: $3) }
    }
}
