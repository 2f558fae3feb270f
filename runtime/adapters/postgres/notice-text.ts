import type { LineEnds } from "../../ports/notices.ts";

/** Postgres takes less than 8,000 bytes; a partition and its line have at most 22 characters here. */
const PARTITIONS_MAX = 300;
const NOTICE = /^([a-z][a-z0-9_]*):(\d+=\d+(?:,\d+=\d+)*)$/;
const BEAT = /^beat ([\w-]+)$/;

/** `orders:0=57,3=12`: up to line 57 of partition 0. Several texts when there are many partitions. */
export function noticeTexts(domain: string, ends: LineEnds): string[] {
  const parts = [...ends].map(([partition, line]) => `${partition}=${line}`);
  const texts: string[] = [];
  while (parts.length > 0) texts.push(`${domain}:${parts.splice(0, PARTITIONS_MAX).join(",")}`);
  return texts;
}

/** @returns undefined for what is no such text */
export function readNotice(text: string): { readonly domain: string; readonly ends: LineEnds } | undefined {
  const [, domain, ends] = NOTICE.exec(text) ?? [];
  if (domain === undefined || ends === undefined) return undefined;
  return { domain, ends: new Map(ends.split(",").map((each) => each.split("=").map(Number) as [number, number])) };
}

/** What a process tells to hear itself. */
export const beatText = (process: string): string => `beat ${process}`;
/** @returns whose it is; undefined: it is none */
export const readBeat = (text: string): string | undefined => BEAT.exec(text)?.[1];
