import type { Setting } from './endpoint-collector.ts';

/** Where a text of settings stands, and its key in the file around it. */
export interface SettingsPlace {
  readonly line: number;
  /** Whether lines of the text are lines of the file. */
  readonly isBlock: boolean;
  readonly key: string | null;
}

/** The most settings of one text. */
const maxSettings = 100_000;

/**
 * Reads lines of settings as `.env`, properties, INI and most other configuration files have them: `KEY=value`, `key: value`, `key value;`,
 * with `[section]`s before the key. Comments are left out; `\` at the end of a line goes on. What has no key keeps that of the place.
 */
export function readSettings(text: string, place: SettingsPlace): readonly Setting[] {
  const settings: Setting[] = [];
  let section = '';
  for (const { text: line, index } of joinLines(text)) {
    if (/^\s*(?:[#;!]|\/\/|--\s|$)/.test(line)) continue;
    section = sectionOf(line) ?? section;
    const setting = readSetting(line, section, place.key ?? '');
    settings.push({ ...setting, line: place.line + (place.isBlock ? index : 0) });
    if (settings.length >= maxSettings) break;
  }
  return settings;
}

/** A line that `\` at the ends of lines made of several; `index` is that of the first, from 0. */
export interface JoinedLine {
  readonly text: string;
  readonly index: number;
}

/** The most lines that are put together to one. */
const maxJoinedLines = 200;

/** Lines of a text, those that end in `\` put together with the next. */
export function joinLines(text: string): readonly JoinedLine[] {
  const lines = text.split(/\r?\n/);
  const joined: JoinedLine[] = [];
  for (let at = 0; at < lines.length; at++) {
    const index = at;
    const parts = [lines[at] ?? ''];
    while (/(?<!\\)\\$/.test(parts.at(-1) ?? '') && at + 1 < lines.length && parts.length < maxJoinedLines) {
      parts[parts.length - 1] = (parts.at(-1) ?? '').slice(0, -1);
      at += 1;
      parts.push((lines[at] ?? '').trimStart());
    }
    joined.push({ text: parts.join(''), index });
  }
  return joined;
}

function sectionOf(line: string): string | null {
  return /^\s*\[+([\w.:@" -]{1,100})\]+\s*$/.exec(line)?.[1]?.replaceAll(/[" ]/g, '') ?? null;
}

function readSetting(line: string, section: string, outer: string): { readonly key: string; readonly text: string } {
  const found =
    /^\s*(?:export\s+|set\s+|-\s+)?["']?([A-Za-z_][\w.\-[\]]{0,150})["']?\s*(?:=|:(?!\/\/)|\s(?=\s*\S))\s*([\s\S]*)$/.exec(
      line,
    );
  if (found === null) return { key: outer, text: line };
  const [, name = '', value = ''] = found;
  return { key: section === '' ? name : `${section}.${name}`, text: settingValue(value) };
}

/** A quoted value without its quotes and what stands behind; else without a comment behind a blank, and without a closing `;` or `,`. */
function settingValue(text: string): string {
  const quoted = /^(["'])(.*?)(?<!\\)\1/.exec(text);
  if (quoted !== null) return quoted[2] ?? '';
  return text
    .replace(/\s+#.*$/, '')
    .replace(/[;,]\s*$/, '')
    .trim();
}
