// Before anything is painted, so that a dark page never flashes light. A file of its own: the policy of the page runs nothing inline.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('exeat-colours');
  } catch {
    // A browser that keeps nothing for us follows the system.
  }
  const isDark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light');
})();
