import type { OpMap, Stack } from "@pulumi/pulumi/automation";

export interface InlineUpdate {
  changes: OpMap;
  outputs: Record<string, unknown>;
}

/**
 * Updates a stack whose program is in this process. The engine itself says what has changed and what the outputs are: the Automation API would
 * start the CLI for them and for the history, which takes longer than the update.
 */
export async function updateInline(stack: Stack): Promise<InlineUpdate> {
  Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
  const update: InlineUpdate = { changes: {}, outputs: {} };
  await stack.up({
    onEvent: ({ summaryEvent, resOutputsEvent }) => {
      update.changes = summaryEvent?.resourceChanges ?? update.changes;
      const metadata = resOutputsEvent?.metadata;
      if (metadata?.type === "pulumi:pulumi:Stack") {
        update.outputs = metadata.new?.outputs ?? {};
      }
    },
  });
  return update;
}
