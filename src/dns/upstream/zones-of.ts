import { labelsOf } from '../../wire/index.ts';

/** A name and every zone above it but the root, longest first: `a.example.com` has itself, `example.com` and `com`. */
export function zonesOf(name: string): readonly string[] {
  const labels = labelsOf(name);
  return labels.map((_, at) => labels.slice(at).join('.'));
}
