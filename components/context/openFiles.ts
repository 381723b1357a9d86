/** How many files are worked on at once, and so may be open: systems allow a process a few hundred. */
export const OPEN_FILES = 8;
