#!/usr/bin/env bash
# The articles of the documentation: every Swift block compiles (those of one article together, as a
# file of a job), and every link leads somewhere. Takes the build's options, as check-docs.sh does.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build "$@" --target Weir
swift build "$@" --target WeirTesting
built="$(swift build "$@" --show-bin-path)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
modules=(-I "$built/Modules" -I Sources/CZlib -I Sources/CLZ4)

count=0
for article in Sources/Weir/Weir.docc/*.md; do
    name=$(basename "$article" .md)
    awk '/^```swift$/ { inside = 1; next } /^```$/ { inside = 0; next } inside' "$article" \
        >"$work/$name.swift"
    [ -s "$work/$name.swift" ] || continue
    swiftc -typecheck -parse-as-library -swift-version 6 -enable-upcoming-feature ExistentialAny \
        -enable-upcoming-feature MemberImportVisibility -warnings-as-errors \
        -module-name "${name}Article" "${modules[@]}" "$work/$name.swift" || {
        echo "the Swift blocks of $article do not compile" >&2
        exit 1
    }
    count=$((count + 1))
done

# `Weir` exports the modules below it, so the articles link to their symbols as its own.
triple=$(swift -print-target-info | sed -n 's/^ *"triple": "\(.*\)",$/\1/p' | head -1)
mkdir "$work/graphs"
swift symbolgraph-extract -module-name Weir -target "$triple" "${modules[@]}" \
    -experimental-allowed-reexported-modules=WeirCore,WeirGraph,WeirState,WeirRuntime \
    -minimum-access-level public -skip-synthesized-members -output-dir "$work/graphs"
docc convert Sources/Weir/Weir.docc --additional-symbol-graph-dir "$work/graphs" \
    --fallback-display-name Weir --fallback-bundle-identifier weir \
    --output-path "${WEIR_DOCS_OUTPUT:-$work/archive}" 2>&1 | tee "$work/log" | grep -v '^$' || true
if grep -A1 -E "^(warning|error): .*(doesn't exist|ambiguous|Unable to resolve|No symbol matched)" \
    "$work/log" >"$work/broken"; then
    echo "broken links:" >&2
    cat "$work/broken" >&2
    exit 1
fi
[ "$count" -gt 0 ] || { echo "no article has a Swift block" >&2; exit 1; }
echo "$count articles with Swift blocks compile, and all links resolve"
