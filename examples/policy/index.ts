// Refuses images that are not pinned, debug images, and those that nobody vouches for:
// pulumi preview --policy-pack PATH, where PATH is this directory after `npm install` in it.
import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies";

new PolicyPack("versioned-image", { policies, enforcementLevel: "mandatory" });
