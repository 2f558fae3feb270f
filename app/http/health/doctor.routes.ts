import { z } from "zod";
import type { System } from "../../host/system.ts";
import { DoctorCheck, runDoctor } from "./doctor.ts";
import { apiRoute, type Http } from "../server/route-types.ts";

const Report = z.object({
  ok: z.boolean().describe("false: at least one check is a finding"),
  checked_at: z.iso.datetime(),
  checks: z.array(DoctorCheck),
});

export function addDoctorRoutes(http: Http, system: System): void {
  http.get(
    "/api/v1/doctor",
    apiRoute(["reader"], { summary: "Examines each part of the system", response: { 200: Report } }),
    async () => {
      const checked_at = new Date(system.clock.wallMs()).toISOString();
      const checks = await runDoctor(system);
      return { ok: checks.every(({ level }) => level !== "finding"), checked_at, checks };
    },
  );
}
