import { localStorageColorSchemeManager } from '@mantine/core';

/** Where the choice of light or dark is kept; `public/theme.js` reads it before the first paint. */
export const colours = localStorageColorSchemeManager({ key: 'exeat-colours' });
