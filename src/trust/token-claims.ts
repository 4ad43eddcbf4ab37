/** Deeper nesting than this carries no identity in any known issuer; Kubernetes uses three levels. */
const maxDepth = 4;
const maxClaims = 256;
const maxNameChars = 256;
const maxValueChars = 1024;

/**
 * Claims as text, for exact comparison: strings, safe integers and booleans; nested objects by their dotted path
 * (`{"kubernetes.io":{"namespace":"a"}}` gives `kubernetes.io.namespace`). Lists, nulls, fractions and values past the bounds
 * are left out, so that a rule that asks for one does not match. Null where two claims come out under one name, or there
 * are too many: then nobody can say what was meant.
 */
export function flattenClaims(payload: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> | null {
  const flat: Record<string, string> = Object.create(null) as Record<string, string>;
  return collect(flat, payload, { prefix: '', depth: 1 }) ? flat : null;
}

function collect(
  flat: Record<string, string>,
  object: Readonly<Record<string, unknown>>,
  at: { readonly prefix: string; readonly depth: number },
): boolean {
  return Object.entries(object).every(([key, value]) => {
    const name = at.prefix + key;
    if (name.length > maxNameChars) return true;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      if (at.depth >= maxDepth) return true;
      return collect(flat, value as Readonly<Record<string, unknown>>, { prefix: `${name}.`, depth: at.depth + 1 });
    }
    return keep(flat, name, value);
  });
}

function keep(flat: Record<string, string>, name: string, value: unknown): boolean {
  const text = textOf(value);
  if (text === null || text.length > maxValueChars) return true;
  if (name in flat || Object.keys(flat).length >= maxClaims) return false;
  flat[name] = text;
  return true;
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value) ? String(value) : null;
}
