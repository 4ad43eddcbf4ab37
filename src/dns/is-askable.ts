/** Whether a name can be asked for at all: 1 to 63 letters, digits, hyphens or underscores a label, 253 in all, lower case. */
export function isAskable(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name);
}
