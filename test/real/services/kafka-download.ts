import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { downloadsDir } from "./places.ts";
import { java, maven, requirePrograms, ServicesImpossible } from "./programs.ts";
import { run, tell } from "./run.ts";

const jarsDir = join(downloadsDir, "kafka-3.9.1");
export const kafkaClasspath = join(jarsDir, "*");

const pom = `<project><modelVersion>4.0.0</modelVersion>
  <groupId>rollcall</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>3.9.1</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies></project>
`;

/**
 * Kafka's own jars by Maven, once a checkout.
 * @throws ServicesImpossible
 */
export async function downloadKafka(): Promise<void> {
  await requirePrograms(existsSync(jarsDir) ? [java] : [java, maven]);
  if (existsSync(jarsDir)) return;
  tell("downloading Kafka (about 20 s)");
  const partialDir = `${jarsDir}.partial`;
  await rm(partialDir, { recursive: true, force: true });
  await mkdir(partialDir, { recursive: true });
  const pomFile = join(downloadsDir, "pom.xml");
  await writeFile(pomFile, pom);
  const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${partialDir}`];
  await run("mvn", ["-q", "-B", "-Dstyle.color=never", "-f", pomFile, ...goal]).catch((cause: unknown) => {
    throw new ServicesImpossible(`Kafka can't be downloaded: ${String(cause)}`, { cause });
  });
  await rename(partialDir, jarsDir);
}
