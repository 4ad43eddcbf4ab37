import { isTestFile, lineAt, type SourceFile } from './source-files.ts';

const headings = ['## What it decides|## What it does', '## Types in and out', '## Files', '## Examples', '## Metrics'];
const maxReadmeLines = 60;

/** What keeps the README of a room from the one shape, as one line each. */
export function findReadmeFaults(room: string, text: string | null): readonly string[] {
  const path = `src/${room}/README.md`;
  if (text === null) return [`${path} is missing`];
  const expected = [`# ${room}`, ...headings];
  const found = text.split('\n').filter((line) => /^##? /.test(line));
  const wrong = expected.filter((heading, at) => !heading.split('|').includes(found[at] ?? ''));
  const faults = wrong.map((heading) => `${path} lacks \`${heading}\` at its place`);
  if (found.length > expected.length) faults.push(`${path} has more headings than the shape`);
  const lines = text.trimEnd().split('\n').length;
  if (lines > maxReadmeLines) faults.push(`${path} has ${lines} lines, at most ${maxReadmeLines} are meant`);
  return faults;
}

/** Files that the README of a room names and that are not there: in the room, below it, or in another room by its path. */
export function findStaleFiles(room: string, text: string, paths: readonly string[]): readonly string[] {
  const named = [...text.matchAll(/`([a-z0-9/-]+\.ts)`/g)].map((match) => match[1] ?? '');
  const isThere = (name: string): boolean =>
    paths.some((path) => path === `src/${name}` || (path.startsWith(`src/${room}/`) && path.endsWith(`/${name}`)));
  return named
    .filter((name) => !isThere(name))
    .map((name) => `src/${room}/README.md names \`${name}\`, which is not there`);
}

/** Exported declarations without a docstring on the line above. */
export function findUndocumentedExports(file: SourceFile): readonly string[] {
  const declaration = /^export (?:declare |abstract |async )*(?:function\*?|const|class|interface|type) (\w+)/;
  const lines = file.text.split('\n');
  return lines.flatMap((line, at) => {
    const name = declaration.exec(line)?.[1];
    if (name === undefined) return [];
    const above = lines[at - 1]?.trim() ?? '';
    const isOverload = declaration.exec(above)?.[1] === name;
    return above.endsWith('*/') || isOverload ? [] : [`${file.path}:${at + 1} \`${name}\` has no docstring`];
  });
}

/** Optional fields of `*Options` interfaces whose comment does not say what holds without them. */
export function findUntoldDefaults(file: SourceFile): readonly string[] {
  const bodies = file.text.matchAll(/\binterface (\w*Options)\b[^{]*\{([\s\S]*?)\n\}/g);
  return [...bodies].flatMap(([, name = '', body = '']) => {
    const fields = [...body.matchAll(/((?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?)(?:readonly )?(\w+)\?:/g)];
    return fields
      .filter(([, comment = '']) => !comment.includes('Default'))
      .map(([, , field = '']) => `${file.path} \`${name}.${field}\` does not say its \`Default\``);
  });
}

/** Numbers whose name ends in a word that begs for a unit (`timeout`, `size`, `limit`, `ttl`) without one. */
export function findUnitlessNames(file: SourceFile): readonly string[] {
  const forms = /\b(\w*(?:timeout|size|limit|ttl))\??(?::\s*number\b|\s*=\s*\d)/gi;
  return (
    [...file.text.matchAll(forms)]
      // `size` alone is the count of a Map or Set, as the language names it; `limit` alone the items of a page, as APIs name it.
      .filter(([, name = '']) => name !== 'size' && name !== 'limit' && !/^(?:is|has)[A-Z]/.test(name))
      .map((match) => `${file.path}:${lineAt(file.text, match.index)} \`${match[1]}\` has no unit in its name`)
  );
}

/** Messages of faults and errors that start with a capital or end in a full stop. */
export function findUnhousedMessages(file: SourceFile): readonly string[] {
  return readMessages(file).flatMap(({ line, text }) => {
    // An abbreviation keeps its capitals; a sentence does not start with one letter of them.
    const startsWrong = /^[A-Z](?![A-Z0-9])/.test(text) && !/^(?:Node|Exeat|Exeat's)\b/.test(text);
    const endsWrong = /[^.]\.$/.test(text);
    if (!startsWrong && !endsWrong) return [];
    return [`${file.path}:${line} ${startsWrong ? 'starts with a capital' : 'ends in a full stop'}: ${text}`];
  });
}

/** The texts given to `fault`, to `ExeatError` and to `TypeError`. */
export function readMessages(file: SourceFile): readonly { readonly line: number; readonly text: string }[] {
  const quoted = "('(?:[^'\\\\\\n]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`)";
  const calls = new RegExp(
    `\\b(?:\\w*[fF]ault|new ExeatError)\\(\\s*'[a-z_]+',\\s*${quoted}|new TypeError\\(\\s*${quoted}`,
    'g',
  );
  return [...file.text.matchAll(calls)].map((match) => ({
    line: lineAt(file.text, match.index),
    text: (match[1] ?? match[2] ?? '').slice(1, -1),
  }));
}

/** Links of a Markdown page that point at files which are not there; `exists` takes a path from the root. */
export function findDeadLinks(page: SourceFile, exists: (path: string) => boolean): readonly string[] {
  const base = new URL(page.path, 'file:///');
  return [...page.text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .filter((target) => !exists(decodeURIComponent(new URL(target, base).pathname.slice(1))))
    .map((target) => `${page.path} points at \`${target}\`, which is not there`);
}

/** Words spelled the other way than the house spells them. */
export function findMisspelled(file: SourceFile): readonly string[] {
  // Put together, so that this file does not find itself.
  const word = new RegExp(['behav', 'ior'].join(''), 'gi');
  return isTestFile(file.path) && file.path.startsWith('tools/')
    ? []
    : [...file.text.matchAll(word)].map(
        (match) => `${file.path}:${lineAt(file.text, match.index)} says \`${match[0]}\``,
      );
}

/** Names that look like hosts and are keys: the claim under which Kubernetes nests its own in a token. */
const claimNames: readonly string[] = ['kubernetes.io'];

/** Hosts of Markdown pages that somebody may own; examples use the names kept for them (RFC 2606). */
export function findOwnedHosts(page: SourceFile): readonly string[] {
  const hosts = page.text.matchAll(/\b((?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|cloud))\b(?!\/exeat)/g);
  return [...hosts]
    .filter(([, host = '']) => !/(?:^|\.)example\.(?:com|net|org)$/.test(host) && !claimNames.includes(host))
    .map((match) => `${page.path}:${lineAt(page.text, match.index)} names \`${match[1]}\``);
}
