// A hook behind tsx: esbuild keeps the names of functions by a call for every closure that is made, which the hot paths
// make by the thousand. Names are not minified here, so there is nothing to keep.
const KEEPING = '__name=(target,value)=>__defProp(target,"name",{value,configurable:true})';
const PLAIN = "__name=(target)=>target";

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!/\.ts(\?|$)/.test(url) || typeof loaded.source !== "string") return loaded;
  return { ...loaded, source: loaded.source.replace(KEEPING, PLAIN) };
}
