"""One image, versioned by git.

Before the first run: pulumi package add PATH/plugin, where PATH is a clone of versioned-image.
"""

import pulumi
import pulumi_versioned_image as versioned_image

image = versioned_image.VersionedImage(
    "simple",
    context="./app",
    repository=pulumi.Config().require("repository"),
)

pulumi.export("tag", image.tag)
pulumi.export("reference", image.reference)
