import type { Module } from "./module.ts";

const specifiers = new WeakMap<Module, string>();

/** @param specifier the name of a shipped module, or the file of another: what another thread loads it by */
export function loadableAs(module: Module, specifier: string): Module {
  specifiers.set(module, specifier);
  return module;
}

/** Undefined for a module that a program made itself. */
export const specifierOf = (module: Module): string | undefined => specifiers.get(module);
