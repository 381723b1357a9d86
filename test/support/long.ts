/** Whether the long forms of tests are wanted, as npm run test:all has them. */
export const LONG = process.env.VERSIONED_IMAGE_LONG !== undefined;
