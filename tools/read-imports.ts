import { posix } from 'node:path';
import { lineAt, type SourceFile } from './source-files.ts';

/** One import, re-export, dynamic import or worker address found in a file. */
export interface ImportLine {
  readonly from: string;
  readonly line: number;
  /** What is named: a path from the root (`src/policy/index.ts`), or a package or `node:` name as written. */
  readonly target: string;
  /** True when only types come in, so that nothing is loaded when the program runs. */
  readonly typesOnly: boolean;
  /** The names between the braces, before any `as`; empty for other forms. */
  readonly names: readonly string[];
}

// The formatter keeps every static import and re-export at the start of a line, which no comment or string literal of
// this code has; so one expression each is enough and stays readable.
const staticForm = /^(import|export)(\s+type)?\b([^;'"]*?)\bfrom\s+['"]([^'"]+)['"]/gm;
const bareForm = /^import\s+['"]([^'"]+)['"]/gm;
const dynamicForm = /(?<!\*.*)\bimport\(\s*['"]([^'"]+)['"]/g;
const addressForm = /\bnew URL\(\s*['"](\.[^'"]+\.ts)['"]/g;

/** Finds what a file imports, types included. */
export function readImports(file: SourceFile): readonly ImportLine[] {
  const found: ImportLine[] = [];
  for (const match of file.text.matchAll(staticForm)) {
    const [, , typeWord, clause = '', specifier = ''] = match;
    const typesOnly = typeWord !== undefined || onlyTypeNames(clause);
    found.push({ ...placed(file, match.index, specifier), typesOnly, names: namesIn(clause) });
  }
  for (const form of [bareForm, dynamicForm, addressForm]) {
    for (const match of file.text.matchAll(form)) {
      found.push({ ...placed(file, match.index, match[1] ?? ''), typesOnly: false, names: [] });
    }
  }
  return found;
}

/** Dynamic imports whose target is computed, which no table can judge; each as `path:line`. */
export function findComputedImports(file: SourceFile): readonly string[] {
  const computed = /(?<!\*.*)\bimport\(\s*[^'"\s]/g;
  return [...file.text.matchAll(computed)].map((match) => `${file.path}:${lineAt(file.text, match.index)}`);
}

function placed(file: SourceFile, offset: number, specifier: string): Pick<ImportLine, 'from' | 'line' | 'target'> {
  const relative = specifier.startsWith('.');
  const target = relative ? posix.join(posix.dirname(file.path), specifier) : specifier;
  return { from: file.path, line: lineAt(file.text, offset), target };
}

function onlyTypeNames(clause: string): boolean {
  const parts = partsOf(clause);
  return parts.length > 0 && !/^\s*\w/.test(clause) && parts.every((part) => part.startsWith('type '));
}

function namesIn(clause: string): readonly string[] {
  return partsOf(clause).map((part) => part.replace(/^type\s+/, '').replace(/\s+as\s.*$/s, ''));
}

function partsOf(clause: string): readonly string[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
  return braces
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
