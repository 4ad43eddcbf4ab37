import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import type { Place } from './place.ts';

// A chunk of its own: nobody loads it who does not press.
const Palette = lazy(() => import('./palette.tsx').then(({ Palette: Loaded }) => ({ default: Loaded })));

/** Opens the palette with Ctrl-K, or the command key and K. */
export function PaletteKey({ places }: { readonly places: readonly Place[] }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      setOpen((before) => !before);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  if (!isOpen) return null;
  return (
    <Suspense fallback={null}>
      <Palette places={places} onClose={() => setOpen(false)} />
    </Suspense>
  );
}
