/** Text in a policy file. `offset` is where it starts, in UTF-16 units from the start of the file. */
export interface PlainText {
  readonly kind: 'text';
  readonly value: string;
  readonly offset: number;
}

/** A scalar that YAML 1.2 core does not read as text: a number, a truth value or null. */
export interface PlainOther {
  readonly kind: 'other';
  readonly value: number | boolean | null;
  readonly offset: number;
}

/** A list of nodes. */
export interface PlainList {
  readonly kind: 'list';
  readonly items: readonly PlainNode[];
  readonly offset: number;
}

/** One key of a map with its value. */
export interface PlainEntry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: PlainNode;
}

/** A map with text keys, in order of place. A key may still stand twice; the reader refuses that. */
export interface PlainMap {
  readonly kind: 'map';
  readonly entries: readonly PlainEntry[];
  readonly offset: number;
}

/** YAML without its features: what every document of a policy consists of. */
export type PlainNode = PlainText | PlainOther | PlainList | PlainMap;
