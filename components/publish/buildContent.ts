import { Builder } from "../args";
import { buildKitContent } from "./buildKitContent";
import type { ContentBuilder } from "./contentBuilder";
import { dockerContent } from "./dockerContent";
import type { Own } from "./record";
import type { Subject } from "./subject";

const CONTENTS: Record<Builder, ContentBuilder> = {
  [Builder.Docker]: dockerContent,
  [Builder.BuildKit]: buildKitContent,
};

/** How contents reach the builder that the program asks for. */
export function contentBuilderOf({ build }: Subject): ContentBuilder {
  return CONTENTS[build.builder];
}

/** Declares what this stack built, by the builder that built it. `image` is what the registry has of it. */
export function declareAsRecorded(subject: Subject, own: Own, image: string): Promise<void> {
  return CONTENTS[own.builder ?? Builder.Docker].keep(subject, own, image);
}
