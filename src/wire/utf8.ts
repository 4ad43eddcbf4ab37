const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 section 2 refuses exactly these
const controls = /[\0-\x1f\x7f]/;

/** Bytes as UTF-8 text without control characters, or null when they are not that. */
export function strictUtf8(bytes: Uint8Array): string | null {
  try {
    const text = decoder.decode(bytes);
    return controls.test(text) ? null : text;
  } catch {
    return null;
  }
}
