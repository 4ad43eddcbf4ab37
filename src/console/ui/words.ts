/** A span of time in at most two units: `3 h 12 min`, `2 days`. */
export function sayDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  // Rounded once, to whole minutes or whole hours: `23 h 60 min` is no time.
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  const days = Math.floor(hours / 24);
  return two(days, days === 1 ? 'day' : 'days', hours % 24, 'h');
}

function two(most: number, mostUnit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${most} ${mostUnit}` : `${most} ${mostUnit} ${rest} ${restUnit}`;
}

/** How far an instant is: `in 3 h 12 min`, `5 min ago`. */
export function sayFrom(at: string, nowMs: number): string {
  const ms = Date.parse(at) - nowMs;
  if (Math.abs(ms) < 5_000) return 'now';
  return ms > 0 ? `in ${sayDuration(ms)}` : `${sayDuration(-ms)} ago`;
}

/** An instant as tables show it, UTC: `2026-11-29 05:41`. */
export function sayInstant(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)}`;
}

/** Bytes in the largest unit that leaves a number people read: `1.4 GiB`. */
export function sayBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** `1 connection`, `3 connections`. */
export function sayCount(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** A code of ours as words: `review_due` is `review due`. */
export function sayCode(code: string): string {
  return code.replaceAll('_', ' ');
}
