print("weir-bench")
