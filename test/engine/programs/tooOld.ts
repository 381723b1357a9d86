import * as pulumi from "@pulumi/pulumi";
import { reportAt } from "../../../components/pulumi/diagnostics";
import { requireVersion } from "../../../components/pulumi/engine";

/** Asks for a version of the engine that no one has: how the component meets one that is too old. */
class Demanding extends pulumi.ComponentResource {
  constructor(name: string) {
    super("test:index:Demanding", name);
    this.registerOutputs({ checked: pulumi.output(reportAt(this, () => requireVersion("99.0.0"))) });
  }
}

new Demanding("app");
