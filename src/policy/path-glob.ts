import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** A parsed glob: segments between slashes; `**` stands for any number of them. */
export interface PathGlob {
  readonly text: string;
  readonly segments: readonly string[];
}

const maxGlobLength = 1024;

/**
 * Parses a glob over slash-separated paths: `payments/**`, `teams/egress-*.yaml`. `*` matches inside one segment, `**` any
 * number of whole segments. At most two `**`, so that matching stays cheap. Faults: `glob_malformed`.
 */
export function parsePathGlob(text: string): Result<PathGlob, Fault<'glob_malformed'>> {
  const segments = text.split('/');
  const isPlain = /^[\x21-\x7e]+$/.test(text) && text.length <= maxGlobLength;
  if (!isPlain || segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return malformed(text, 'must be a relative path such as `payments/**`');
  if (segments.some((segment) => segment !== '**' && segment.includes('**')))
    return malformed(text, 'has `**` beside other characters; it stands for whole segments');
  if (segments.filter((segment) => segment === '**').length > 2) return malformed(text, 'has more than two `**`');
  return ok({ text, segments });
}

/** Whether a glob matches a whole path: `payments/**` matches `payments/api.yaml` and `payments/eu/api.yaml`. */
export function matchesGlob(glob: PathGlob, path: string): boolean {
  return matchSegments(glob.segments, 0, path.split('/'), 0);
}

function matchSegments(pattern: readonly string[], p: number, path: readonly string[], s: number): boolean {
  for (let i = p, j = s; ; i += 1, j += 1) {
    const segment = pattern[i];
    if (segment === undefined) return j === path.length;
    if (segment === '**') return matchAnywhere(pattern, i + 1, path, j);
    const text = path[j];
    if (text === undefined || !matchesSegment(segment, text)) return false;
  }
}

function matchAnywhere(pattern: readonly string[], p: number, path: readonly string[], s: number): boolean {
  if (p === pattern.length) return true;
  for (let from = s; from <= path.length; from += 1) if (matchSegments(pattern, p, path, from)) return true;
  return false;
}

/** `*` inside one segment. The pieces between stars are found from the left, which is enough and never backtracks. */
function matchesSegment(pattern: string, text: string): boolean {
  if (pattern === '*') return true;
  const pieces = pattern.split('*');
  const [first = '', ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  let from = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, from);
    if (found < 0) return false;
    from = found + piece.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

function malformed(text: string, problem: string): { readonly ok: false; readonly fault: Fault<'glob_malformed'> } {
  return failed(fault('glob_malformed', `path \`${text.slice(0, 80)}\` ${problem}`));
}
