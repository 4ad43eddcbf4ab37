import { structuredPatch } from 'diff';

/** One file that changes: its text in force (null: it is new), and the one that is proposed (null: it goes). */
export interface FileChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

const contextLines = 3;

/**
 * Changes as a unified diff that `git apply` takes, paths relative to the policy folder. Empty where nothing changes. What stands in a file
 * never ends up outside of a hunk: each line of it has its mark in front.
 */
export function writePatch(changes: readonly FileChange[]): string {
  return changes
    .filter(({ before, after }) => before !== after)
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .map(filePatch)
    .join('');
}

function filePatch({ path, before, after }: FileChange): string {
  const { hunks } = structuredPatch('', '', before ?? '', after ?? '', undefined, undefined, { context: contextLines });
  const [old, fresh] = [gitPath('a', path), gitPath('b', path)];
  const head = [
    `diff --git ${old} ${fresh}`,
    ...(before === null ? ['new file mode 100644'] : []),
    ...(after === null ? ['deleted file mode 100644'] : []),
    ...(hunks.length === 0 ? [] : [`--- ${before === null ? '/dev/null' : named(old)}`]),
    ...(hunks.length === 0 ? [] : [`+++ ${after === null ? '/dev/null' : named(fresh)}`]),
  ];
  const body = hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    ...lines,
  ]);
  return [...head, ...body].map((line) => `${line}\n`).join('');
}

/** A path as git writes it: quoted as in C where it holds more than plain ASCII. */
function gitPath(side: 'a' | 'b', path: string): string {
  const whole = `${side}/${path}`;
  if (/^[ !#-[\]-~]+$/.test(whole)) return whole;
  const bytes = new TextEncoder().encode(whole);
  const escaped = [...bytes].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
  });
  return `"${escaped.join('')}"`;
}

// Without the tab a name with a space in it would end at the space.
function named(path: string): string {
  return path.includes(' ') && !path.startsWith('"') ? `${path}\t` : path;
}
