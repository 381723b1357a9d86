// Compiled, since a plugin runs in its user's directory, where the settings of TypeScript are not those of this package.
const { VersionedImage } = require("../dist/components");

module.exports = { VersionedImage };
