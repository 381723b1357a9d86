/** What a call on a file gives; undefined where there is none, or where it fails in another way that counts as that. */
export async function ifThere<T>(call: Promise<T>, codes = ["ENOENT", "ENOTDIR"]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? "")) {
      return undefined;
    }
    throw error;
  }
}
