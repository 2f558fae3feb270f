/** A named entry of the domain's code; never what a prototype has. @throws Error when nothing has the name */
export function requireEntry<Entry>(record: Readonly<Record<string, Entry>>, name: string, what: string): Entry {
  const entry = Object.hasOwn(record, name) ? record[name] : undefined;
  if (entry === undefined) throw new Error(`no ${what} is called ${name}: compile only what was checked`);
  return entry;
}
