/** Longer words are nobody's typing mistake; bounding them bounds the time. */
const maxComparedLength = 64;

/** The word of the list that is at most two edits away, or null: `reasn` finds `reason`. For "did you mean". */
export function nearestWord(word: string, words: Iterable<string>): string | null {
  if (word.length > maxComparedLength) return null;
  let best: string | null = null;
  let bestDistance = word.length < 5 ? 2 : 3;
  for (const candidate of words) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? maxComparedLength;
}
