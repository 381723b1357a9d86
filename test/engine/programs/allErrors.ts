import { setImmediate } from "node:timers/promises";
import { knownValue } from "../../../components/pulumi";
import { images as made } from "./based";

/**
 * The images of based.ts, of which each says what is wrong with it: Pulumi stops listening at the first error that the program ends with.
 * What a hook refuses ends the engine's operation all the same.
 */
export const images = Promise.allSettled(Object.values(made).map(({ outcome }) => knownValue(outcome)))
  // What the last of them says is on its way then.
  .then(() => setImmediate(made));
