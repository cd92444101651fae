struct TreeDecoder {
    init(_ tree: FieldTree) {}
}
