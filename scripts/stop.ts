import { main, readServices, takeArguments, writeServices } from "./dev";
import { stop } from "./setup";

/** Stops what `npm start` left running. */
void main(async () => {
  takeArguments();
  const services = readServices();
  if (Object.keys(services).length === 0) {
    console.log("Nothing was running.");
  }
  await stop(services);
  writeServices({});
});
