import { runFaults } from "../cli.ts";
import { consulFaults } from "../consul/faults.ts";
import { processFaults } from "../process-faults.ts";
import { serviceFaults } from "../service-faults.ts";
import { nodes } from "./fault-domain.ts";
import { poisonFaults } from "./poison-faults.ts";
import { silenceFaults } from "./silence-faults.ts";

await runFaults(nodes, [...processFaults, ...serviceFaults, ...consulFaults, ...poisonFaults, ...silenceFaults]);
