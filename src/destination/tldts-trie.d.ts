// The table inside tldts, which its types do not publish: a flat trie of reversed names (see `suffix-trie.js` of tldts).
declare module 'tldts/dist/cjs/src/data/trie.js' {
  export const edgeStart: Uint16Array;
  export const edgeLength: Uint8Array;
  export const edgeChild: Uint16Array;
  export const labelText: string;
  export const rulesRoot: number;
}
