/** The server refused a request. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Readonly<Record<string, unknown>>;
  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(String(problem["detail"] ?? problem["title"] ?? `the server answered ${status}`));
    this.status = status;
    this.problem = problem;
  }
}

const TOKEN_KEY = "rollcall-token";
/** Kept for this tab only, until it is closed. */
export const apiToken = {
  get: (): string | null => sessionStorage.getItem(TOKEN_KEY),
  set: (value: string): void => sessionStorage.setItem(TOKEN_KEY, value),
  forget: (): void => sessionStorage.removeItem(TOKEN_KEY),
};

interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const UNAUTHENTICATED = "rollcall:unauthenticated";
export const onUnauthenticated = (listener: () => void): (() => void) => {
  addEventListener(UNAUTHENTICATED, listener);
  return () => removeEventListener(UNAUTHENTICATED, listener);
};

/** @throws ApiError when the status is not 2xx; TypeError when the server can't be reached */
export async function request(
  path: string,
  { method = "GET", body, headers, signal }: RequestOptions = {},
): Promise<Response> {
  const own = apiToken.get();
  const response = await fetch(path, {
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
  if (response.status === 401) dispatchEvent(new Event(UNAUTHENTICATED));
  const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  throw new ApiError(response.status, problem);
}

/** The JSON of an answer, undefined for 204. @throws as `request` */
export async function fetchJson<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await request(path, options);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}
