import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';

/** The log plugin's own format (`{common}`). What `{combined}` adds stands behind it and says nothing that we need. */
export const corednsCommonFormat: string =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}';

/** Takes a line apart: the values by placeholder, without braces; null for a line of another shape. */
export type CorednsMatcher = (text: string) => ReadonlyMap<string, string> | null;

/** One placeholder, and the text up to the next one. */
interface Step {
  readonly key: string;
  readonly after: string;
}

/** Placeholders of the log plugin; `when` is of versions before 1.2.1. `{/…}` are metadata of other plugins. */
const placeholders: ReadonlySet<string> = new Set(
  'type name class proto remote local size port duration rcode rsize when >rflags >bufsize >do >id >opcode'.split(' '),
);

/** Compiles a format of the log plugin: `{remote} {name} {type} {rcode}`. Fault: `grammar_invalid`. */
export function compileCorednsFormat(format: string): Result<CorednsMatcher, Fault<'grammar_invalid'>> {
  const whole = format
    .replaceAll('{combined}', `${corednsCommonFormat} "{>opcode}"`)
    .replaceAll('{common}', corednsCommonFormat);
  const [before = '', ...parts] = whole.split(/\{([^{}]*)\}/);
  const steps: Step[] = [];
  for (let i = 0; i < parts.length; i += 2) steps.push({ key: parts[i] ?? '', after: parts[i + 1] ?? '' });
  const wrong = faultOf(steps);
  if (wrong !== null) return failed(fault('grammar_invalid', wrong));
  return ok((text) => (text.startsWith(before) ? match(steps, text, before.length) : null));
}

function faultOf(steps: readonly Step[]): string | null {
  for (const [index, { key, after }] of steps.entries()) {
    if (!placeholders.has(key) && !key.startsWith('/')) {
      return `${quoteInput(`{${key}}`)} is no placeholder of the log plugin: write \`{name}\`, \`{type}\`, \`{remote}\`, \`{rcode}\` and the like`;
    }
    if (after === '' && index < steps.length - 1) {
      return `${quoteInput(`{${key}}`)} touches the next placeholder: put a text between them`;
    }
  }
  const missing = ['name', 'type'].find((key) => !steps.some((step) => step.key === key));
  return missing === undefined ? null : `the format lacks \`{${missing}}\`: without it a line is no question`;
}

function match(steps: readonly Step[], text: string, from: number): ReadonlyMap<string, string> | null {
  const values = new Map<string, string>();
  let at = from;
  for (const [index, { key, after }] of steps.entries()) {
    const isLast = index === steps.length - 1;
    const end = isLast && after === '' ? text.length : text.indexOf(after, pastBrackets(text, at));
    if (end < 0) return null;
    values.set(key, text.slice(at, end));
    at = end + after.length;
  }
  return values;
}

/** IPv6 addresses stand in brackets and hold the colon that separates the port. */
function pastBrackets(text: string, at: number): number {
  return text[at] === '[' ? Math.max(at, text.indexOf(']', at)) : at;
}
