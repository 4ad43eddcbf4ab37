export { createNameListener, type NameListener } from './name-listener.ts';
export type { NameListenerOptions } from './name-listener-options.ts';
