import type { ConfigFormat } from './config-format.ts';

/** Every kind of configuration that is understood, in the order in which ties of detection are settled. */
export const configFormats: readonly ConfigFormat[] = [];
