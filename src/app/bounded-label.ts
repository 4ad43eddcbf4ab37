/** Gives a label for a metric: the text itself for the first `most` different ones, `other` for all that come later. */
export function createBoundedLabel(most: number): (text: string) => string {
  const known = new Set<string>();
  return (text) => {
    if (known.has(text)) return text;
    if (known.size >= most) return 'other';
    known.add(text);
    return text;
  };
}
