import { ALL_VICTIMS, type Victim } from "../support/kill";
import { randomFrom } from "../support/random";

/** How often each kind of step is drawn, in parts of the whole, once each has had its turn. */
const WEIGHTS = {
  /** A commit in some images, in what several share, or in none. */
  commit: 4,
  /** An uncommitted edit, which production refuses. */
  dirty: 2,
  /** An uncommitted edit, as debug images. */
  debug: 3,
  /** An earlier commit is deployed again. */
  rollback: 2,
  /** Another branch: a new one, one with commits of its own, or a merge. */
  branch: 3,
  /** The stack's clone is thrown away and made anew. */
  clone: 1,
  /** Both stacks publish one commit at the same time. */
  together: 2,
  /** The registry is restarted during an update. */
  registry: 2,
  /** The Docker daemon is restarted during an update. */
  daemon: 2,
  /** The network to the registry is cut for a while during an update. */
  network: 2,
  /** The disk of the staged contexts is full during an update. */
  disk: 2,
  /** The program, the engine or a provider is killed during an update. */
  kill: 3,
};

export type Kind = keyof typeof WEIGHTS;

export const ALL_KINDS = Object.keys(WEIGHTS) as Kind[];

/** A step with all its choices. */
export interface Step {
  kind: Kind;
  /** Whose clone and stack it is. */
  stack: number;
  /** The images that it is about, by number. */
  images: number[];
  /** When in the update a fault happens, from 0 up to 1 of what an update takes. */
  moment: number;
  /** Which of several ways, how far back or for how long: from 0 up to 1. */
  choice: number;
  victim: Victim;
}

export interface PlanOptions {
  seed: number;
  steps: number;
  /** How many images there are. */
  images: number;
}

const STACKS = 2;
/** The most images that one step is about. */
const MOST = 4;

/** The steps of a soak: the same ones for the same options. Of the first steps, each kind is there once. */
export function planSteps({ seed, steps, images }: PlanOptions): Step[] {
  const random = randomFrom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const first = shuffled(ALL_KINDS, below);
  const deck = ALL_KINDS.flatMap((kind) => new Array<Kind>(WEIGHTS[kind]).fill(kind));
  return Array.from({ length: steps }, (_, index) => ({
    kind: first[index] ?? (deck[below(deck.length)] as Kind),
    stack: below(STACKS),
    images: shuffled(
      Array.from({ length: images }, (_, image) => image),
      below,
    )
      .slice(0, 1 + below(Math.min(MOST, images)))
      .sort((a, b) => a - b),
    moment: random(),
    choice: random(),
    victim: ALL_VICTIMS[below(ALL_VICTIMS.length)] as Victim,
  }));
}

function shuffled<T>(items: readonly T[], below: (end: number) => number): T[] {
  const left = [...items];
  return items.map(() => left.splice(below(left.length), 1)[0] as T);
}
