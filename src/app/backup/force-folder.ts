import { open } from 'node:fs/promises';

/** Forces a folder to disk, so that names made or renamed in it outlive a power cut. */
export async function forceFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
