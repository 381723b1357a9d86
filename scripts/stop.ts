import { main, readServices, writeServices } from "./dev";
import { stop } from "./setup";

/** Stops what `npm start` left running. */
void main(async () => {
  await stop(readServices());
  writeServices({});
});
