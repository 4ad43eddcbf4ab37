import { buildNative } from '../../tools/build-native.mjs';

/** Builds the addon for tests: with system calls that can be made fail (`faults`), and with sanitizers as well (`sanitize`). Gives its file. */
export function nativeFileForTest(kind: 'faults' | 'sanitize'): string {
  const { file, why } = buildNative(kind);
  if (file === null) throw new Error(`the addon was not built: ${why}`);
  return file;
}
