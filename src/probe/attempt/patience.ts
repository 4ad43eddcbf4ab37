const tickMs = 25;
// A tick that comes later than this was late because this machine was busy, not because the network was silent.
const mostTickMs = 75;

/**
 * Calls `onEnd` once when `timeoutMs` have passed during which this process ran; gives what stops it. A plain timer would fire before
 * answers that lie there unread on a busy machine, and an open way would look closed.
 */
export function startPatience(timeoutMs: number, onEnd: () => void): () => void {
  let leftMs = timeoutMs;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    leftMs -= Math.min(nowMs - lastMs, mostTickMs);
    lastMs = nowMs;
    if (leftMs > 0) return;
    clearInterval(timer);
    onEnd();
  }, tickMs);
  return () => clearInterval(timer);
}
