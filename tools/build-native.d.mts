/** Builds one target, unless it was built of the same before. Gives the file, or why there is none. */
export function buildNative(kind: string): { readonly file: string | null; readonly why: string | null };
/** The digest of the sources as they are. */
export function sourceDigest(): string;
/** Builds for this machine, and says in one line where that cannot be. */
export function buildForSetup(say: (text: string) => void): void;
