/** A file as far as it was asked for: its bytes, or why there are none. */
export type ReadFile =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** The folder that is verified. Paths are relative to it, with `/`. */
export interface LogFiles {
  /** Everything in the folder but folders, in any order: files, links, pipes. */
  list(): AsyncIterable<string>;
  /** A regular file whole; `unreadable` for what is none, and past `maxBytes`. */
  read(path: string, maxBytes: number): Promise<ReadFile>;
  /** The lines of a regular file without their line feeds; null in place of one that is too long or has no line feed. */
  lines(path: string, maxLineBytes: number): AsyncIterable<Uint8Array | null>;
}

/** A record file of the spool as it is on disk; `sha256` is hex. */
export interface SpoolFileState {
  readonly bytes: number;
  readonly sha256: string;
}

/** The spool folder. Names sort in the order of writing; `open` is the newest, which may still grow, `others` is what is no record file. */
export interface SpoolFolder {
  readonly closed: readonly string[];
  readonly open: string | null;
  readonly others: readonly string[];
  /** Reads one file through; null when it cannot be read, `gone` when the disk budget took it since the folder was listed. */
  readonly state: (name: string) => Promise<SpoolFileState | 'gone' | null>;
}
