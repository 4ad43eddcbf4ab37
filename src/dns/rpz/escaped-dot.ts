const backslash = 0x5c;

/** Whether the character at a place of a name belongs to an escape, as in `a\.b`: an odd number of backslashes stands before it. */
export function isEscaped(name: string, at: number): boolean {
  let before = at;
  while (before > 0 && name.charCodeAt(before - 1) === backslash) before -= 1;
  return (at - before) % 2 === 1;
}
