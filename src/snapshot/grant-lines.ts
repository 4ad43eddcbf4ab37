// Texts are decoded this much at a time: a slice of lines, not the whole body at once.
const chunkBytes = 65_536;

/** The lines of a body in order, decoded as they are taken. A last line without its end is a line too. */
export function* linesOf(body: Uint8Array): Iterable<string> {
  const decoder = new TextDecoder();
  let held = '';
  for (let at = 0; at < body.length; at += chunkBytes) {
    // Copied: a decoder takes no shared memory.
    held += decoder.decode(Uint8Array.from(body.subarray(at, at + chunkBytes)), { stream: true });
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    yield* lines;
  }
  if (held !== '') yield held;
}
