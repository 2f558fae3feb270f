import { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";

/** A process that writes until it is killed and prints acknowledged ids: `node pglite-writer.ts DIRECTORY FROM`. */
const [directory, from = "0"] = process.argv.slice(2);
const store = await PgliteStore.open({ directory });
await store.query("create table if not exists written (id int primary key, text text)");
for (let id = Number(from); ; id += 10) {
  // Single statements and transactions alternate: both are acknowledged in the same way.
  if (id % 20 === 0)
    await store.query("insert into written select *, repeat('x', 500) from generate_series($1::int, $2::int)", [
      id,
      id + 9,
    ]);
  else
    await store.transaction(async (tx) => {
      for (let one = id; one < id + 10; one += 1)
        await tx.query("insert into written values ($1, repeat('y', 500))", [one]);
    });
  process.stdout.write(`${id + 9}\n`);
}
