"""One image, versioned by git. Before the first run: pulumi package add PATH-OR-URL-OF-THIS-REPOSITORY/plugin"""

import pulumi
import pulumi_versioned_image as versioned_image

image = versioned_image.VersionedImage(
    "simple",
    context="./app",
    repository=pulumi.Config().require("repository"),
)

pulumi.export("tag", image.tag)
pulumi.export("reference", image.reference)
