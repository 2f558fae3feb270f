// A hook behind tsx: what esbuild does to keep the names of functions costs two objects for every closure that is made,
// a tenth of all that a turn takes. Names are not minified here, so there is nothing to keep.
const KEEPING = '__name=(target,value)=>__defProp(target,"name",{value,configurable:true})';
const PLAIN = "__name=(target)=>target";

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!/\.ts(\?|$)/.test(url) || loaded.source == null) return loaded;
  return { ...loaded, source: loaded.source.toString().replace(KEEPING, PLAIN) };
}
