// One image, versioned by git.
//
// Before the first run: pulumi package add PATH/plugin, where PATH is a clone of versioned-image.
package myapp;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.versionedimage.VersionedImage;
import com.pulumi.versionedimage.VersionedImageArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var image = new VersionedImage("simple", VersionedImageArgs.builder()
            .context("./app")
            .repository(ctx.config().require("repository"))
            .build());

        ctx.export("tag", image.tag());
        ctx.export("reference", image.reference());
    }
}
