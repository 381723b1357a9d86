// One image, versioned by git.
//
// Before the first run: pulumi package add PATH/plugin, where PATH is a clone of versioned-image.
package main

import (
	"example.com/pulumi-versioned-image/sdk/go/versionedimage"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		image, err := versionedimage.NewVersionedImage(ctx, "simple", &versionedimage.VersionedImageArgs{
			Context:    "./app",
			Repository: pulumi.String(config.Require(ctx, "repository")),
		})
		if err != nil {
			return err
		}
		ctx.Export("tag", image.Tag)
		ctx.Export("reference", image.Reference)
		return nil
	})
}
