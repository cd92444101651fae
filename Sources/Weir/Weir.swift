@_exported public import WeirCore
@_exported public import WeirGraph
@_exported public import WeirRuntime
@_exported public import WeirState
