import { MUTANTS } from "../mutants.ts";
import { plantAll } from "../plant.ts";
import { NODE_MUTANTS } from "./mutants.ts";

plantAll([...MUTANTS, ...NODE_MUTANTS]);
