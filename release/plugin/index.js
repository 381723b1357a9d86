/**
 * The plugin of a release: the published package, with the schema that was made when it was released. So it needs neither the sources
 * nor a compiler.
 */
const { main } = require("@pulumi/pulumi/provider");
const components = require("versioned-image");
const schema = require("./schema.json");

void main(
  {
    version: schema.version,
    getSchema: async () => JSON.stringify(schema),
    construct: async (name, type, inputs, options) => {
      const component = new components[type.split(":").at(-1)](name, inputs, options);
      const outputs = Object.keys(schema.resources[type].properties);
      return { urn: component.urn, state: Object.fromEntries(outputs.map((output) => [output, component[output]])) };
    },
  },
  process.argv.slice(2),
);
