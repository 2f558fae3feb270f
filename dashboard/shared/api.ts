/** What the server said instead of an answer. */
export class Refused extends Error {
  readonly status: number;
  readonly problem: Readonly<Record<string, unknown>>;
  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(String(problem["detail"] ?? problem["title"] ?? `the server answered ${status}`));
    this.status = status;
    this.problem = problem;
  }
}

const TOKEN = "rollcall-token";
/** Of this tab alone, and gone with it. */
export const token = {
  get: (): string | null => sessionStorage.getItem(TOKEN),
  set: (value: string): void => sessionStorage.setItem(TOKEN, value),
  forget: (): void => sessionStorage.removeItem(TOKEN),
};

type Query = Readonly<Record<string, string | number | undefined>>;
interface Request {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const REFUSED = "rollcall:unauthenticated";
export const onUnauthenticated = (listener: () => void): (() => void) => {
  addEventListener(REFUSED, listener);
  return () => removeEventListener(REFUSED, listener);
};

/** The answer as it came, its status checked. @throws Refused; TypeError when the server can't be reached */
export async function request(
  path: string,
  { method = "GET", query = {}, body, headers, signal }: Request = {},
): Promise<Response> {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  const own = token.get();
  const response = await fetch(url, {
    method,
    headers: {
      ...headers,
      ...(own !== null && { authorization: `Bearer ${own}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  if (response.ok) return response;
  if (response.status === 401) dispatchEvent(new Event(REFUSED));
  const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  throw new Refused(response.status, problem);
}

/** @throws as `request` */
export async function ask<Answer>(path: string, options: Request = {}): Promise<Answer> {
  const response = await request(path, options);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}
