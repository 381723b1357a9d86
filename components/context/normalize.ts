import { chmod, lstat, lutimes, readdir } from "node:fs/promises";
import * as path from "node:path";
import { forEachFew, OPEN_FILES } from "../concurrency";

/**
 * Makes the modes of a directory's content those that git knows, whatever the umask was: 755 for directories and executable
 * files, 644 for others. With `mtime`, gives everything that time.
 */
export async function normalize(directory: string, mtime: Date | undefined): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  const [directories, files] = [true, false].map((wanted) => entries.filter((entry) => entry.isDirectory() === wanted));
  await forEachFew(files ?? [], OPEN_FILES, async (entry) => {
    const file = path.join(directory, entry.name);
    if (!entry.isSymbolicLink()) {
      const { mode } = await lstat(file);
      await chmod(file, mode & 0o100 ? 0o755 : 0o644);
    }
    if (mtime) {
      await lutimes(file, mtime, mtime);
    }
  });
  for (const { name } of directories ?? []) {
    await normalize(path.join(directory, name), mtime);
  }
  await chmod(directory, 0o755);
  if (mtime) {
    await lutimes(directory, mtime, mtime);
  }
}
