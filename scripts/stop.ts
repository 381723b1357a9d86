import { main, readServices, writeServices } from "./dev";
import { say } from "./setup/say";
import { stopService } from "./setup/service";

/** Stops what `npm start` left running. */
void main(async () => {
  const { docker, registry } = readServices();
  for (const [what, service] of [
    ["registry", registry?.service],
    ["Docker daemon", docker?.service],
  ] as const) {
    if (service) {
      await stopService(service);
      say(`The ${what} is stopped.`);
    }
  }
  writeServices({});
});
