"""Lists the symbols of symbol graphs that have no doc comment; see check-docs.sh."""

import json
import pathlib
import sys

UNASKED = {"init(from:)", "encode(to:)", "==(_:_:)", "<(_:_:)", "hash(into:)", "!=(_:_:)"}
root = pathlib.Path(__file__).resolve().parent.parent


def place(symbol):
    location = symbol.get("location")
    if not location:
        return None
    path = location["uri"].removeprefix("file://")
    if not path.startswith(str(root)):
        return None
    return f"{path[len(str(root)) + 1:]}:{location['position']['line'] + 1}"


def undocumented(graph):
    inherited = {
        relation["source"]
        for relation in graph["relationships"]
        if "sourceOrigin" in relation or relation["kind"] == "defaultImplementationOf"
    }
    for symbol in graph["symbols"]:
        identifier = symbol["identifier"]["precise"]
        where = place(symbol)
        if where is None or "::SYNTHESIZED::" in identifier or identifier in inherited:
            continue
        if symbol["kind"]["identifier"] == "swift.extension":
            continue
        if symbol["pathComponents"][-1] in UNASKED or symbol.get("docComment"):
            continue
        yield where, symbol["kind"]["displayName"], ".".join(symbol["pathComponents"])


graphs = [json.loads(pathlib.Path(path).read_text()) for path in sys.argv[1:]]
count = sum(len(graph["symbols"]) for graph in graphs)
found = sorted({entry for graph in graphs for entry in undocumented(graph)})
for where, kind, name in found:
    print(f"{where}: {kind} {name} has no doc comment")
if count == 0:
    sys.exit("no symbols found: were the modules built?")
print(f"{count} public symbols, {len(found)} without a doc comment")
sys.exit(1 if found else 0)
