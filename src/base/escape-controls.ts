/** Makes text from outside safe for a terminal: control characters (C0, DEL, C1, bidi marks) become `\u{…}`. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

// Terminals act on C0, C1 and DEL; bidi overrides reorder what is read (the "trojan source" trick).
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
