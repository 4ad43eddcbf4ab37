import type { z } from 'zod';
import { nearestWord } from '../base/index.ts';
import type { KeyPath, PlaceFinder } from './config-document.ts';
import type { ConfigFault } from './config-fault.ts';
import { configKeys } from './config-keys.ts';

type Issue = z.core.$ZodIssue;

/** What zod found, in our words and with its place. An issue about several keys becomes one fault a key. @internal */
export function issueFaults(issue: Issue, value: unknown, place: PlaceFinder): readonly ConfigFault[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, place));
  if (issue.code === 'invalid_union') return [unionFault(issue, value, place)];
  const message = issue.code === 'custom' ? issue.message : `${wrongValue(path, value)}${allowed(issue)}`;
  return [{ code: 'value_invalid', message: `${dotted(path)}${message}`, ...place(path, null) }];
}

/** The most specific complaint of the alternatives: the one that got furthest. */
function unionFault(issue: Issue & { code: 'invalid_union' }, value: unknown, place: PlaceFinder): ConfigFault {
  const inner = issue.errors.flat().find((one) => one.code === 'custom');
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  const message = inner?.message ?? `${wrongValue(path, value)}${issue.message}`;
  return { code: 'value_invalid', message: `${dotted(path)}${message}`, ...place(path, null) };
}

function unknownKey(path: KeyPath, key: string, place: PlaceFinder): ConfigFault {
  const prefix = path
    .filter((step) => typeof step === 'string')
    .map((step) => `${step}.`)
    .join('');
  const siblings = configKeys()
    .filter((one) => one.path.startsWith(prefix) && !one.path.slice(prefix.length).includes('.'))
    .map((one) => one.path.slice(prefix.length));
  const meant = nearestWord(key, siblings);
  const hint = meant === null ? listText(siblings) : `, did you mean \`${meant}\`?`;
  return { code: 'key_unknown', message: `unknown key \`${prefix}${key}\`${hint}`, ...place(path, key) };
}

function listText(words: readonly string[]): string {
  return words.length === 0 ? '' : `, known here: ${words.map((word) => `\`${word}\``).join(', ')}`;
}

function dotted(path: KeyPath): string {
  return path.length === 0 ? '' : `\`${path.join('.')}\`: `;
}

function wrongValue(path: KeyPath, root: unknown): string {
  const value = path.reduce<unknown>(
    (here, step) => (here as Record<string, unknown> | undefined)?.[String(step)],
    root,
  );
  if (value === undefined) return 'is missing, ';
  return typeof value === 'object' ? '' : `\`${String(value)}\` is not accepted, `;
}

/** What is allowed instead, by the kind of issue. */
function allowed(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `write ${typeWords[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `write ${issue.values.map((one) => `\`${String(one)}\``).join(' or ')}`;
    case 'too_small':
      return `the least is ${issue.minimum}`;
    case 'too_big':
      return `the most is ${issue.maximum}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'this name is not accepted as a key';
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text (with its unit, such as `15m` or `5GiB`, where it is a duration or a size)',
  int: 'a whole number',
  number: 'a number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};
