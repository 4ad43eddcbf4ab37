/** A count with its noun: `1 error`, `2 errors`, `0 errors`; `many` is given where the plural is not the noun and an s. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A policy version short enough for a line: `sha256:c9aad714f007`; the whole one is in `status`, in records and in JSON. */
export function shortVersion(version: string): string {
  return version.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, '$1');
}

/** Bytes for people: `812 B`, `1.9 KiB`, `64.0 MiB`. */
export function sizeText(bytes: number): string {
  const step = Math.min(sizeUnits.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return step === 0 ? `${bytes} B` : `${(bytes / 1024 ** step).toFixed(1)} ${sizeUnits[step]}`;
}

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
