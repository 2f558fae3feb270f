import { join } from "node:path";
import { fileURLToPath } from "node:url";

const servicesDir = fileURLToPath(new URL("../../../.services", import.meta.url));

export const checkoutDir = fileURLToPath(new URL("../../..", import.meta.url));
/** Kept over `down`: downloading takes longer than everything else together. */
export const downloadsDir = join(servicesDir, "downloads");
export const instancesDir = join(servicesDir, "instances");
export const lockFile = join(servicesDir, "lock");

/** One checkout can run several sets of services beside each other, each in an instance of its own. */
export const mainInstanceDir = join(instancesDir, process.env["ROLLCALL_SERVICES_INSTANCE"] ?? "main");
