import { edgeChild, edgeLength, edgeStart, labelText, rulesRoot } from 'tldts/dist/cjs/src/data/trie.js';

const edgeOffset = new Uint32Array(edgeLength.length);
for (let edge = 1; edge < edgeLength.length; edge++) {
  edgeOffset[edge] = (edgeOffset[edge - 1] ?? 0) + (edgeLength[edge - 1] ?? 0);
}

/**
 * Whether public suffixes lie below a canonical name, so that `*.name` reaches strangers side by side: `amazonaws.com` (with
 * `s3.amazonaws.com` below) and `com`, not `example.com`. tldts answers only for whole names, so its table is walked here. For lint.
 */
export function hasPublicSuffixBelow(name: string): boolean {
  let node = rulesRoot;
  for (const label of name.split('.').reverse()) {
    const next = findChild(node, label);
    if (next === null) return false;
    node = next;
  }
  return (edgeStart[node + 1] ?? 0) > (edgeStart[node] ?? 0);
}

function findChild(node: number, label: string): number | null {
  for (let edge = edgeStart[node] ?? 0; edge < (edgeStart[node + 1] ?? 0); edge++) {
    const offset = edgeOffset[edge] ?? 0;
    if (edgeLength[edge] === label.length && labelText.startsWith(label, offset)) return edgeChild[edge] ?? null;
  }
  return null;
}
