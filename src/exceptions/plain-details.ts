import type { JsonObject } from '../audit/index.ts';

/**
 * Something of this room as plain data for the log. Its types are interfaces, which TypeScript does not take for JSON by themselves;
 * what goes in is made of text, numbers, nulls, lists and maps only.
 */
export function toDetails(value: object): JsonObject {
  return value as JsonObject;
}
