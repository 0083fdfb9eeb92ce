/** Questions to the server. All addresses are relative to the page, whatever proxy is in front. */

import { signal } from "@preact/signals";
import { parameters, type Query } from "../route";
import type { Bodies, ErrorAnswer, Events, Gets, Posts, Queries, Streams } from "../types";
import { headers, KEY_HEADER, keep } from "./session";

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export const signedOut = signal(false);

/** The address of a route; what the route does not name in its path goes into the query. */
export function address<R extends keyof Queries>(route: R, asked: Queries[R]): string {
  const rest: Query = { ...asked };
  const path = route.replace("{id}", () => {
    const { id } = rest;
    delete rest.id;
    return encodeURIComponent(String(id));
  });
  const text = parameters(rest);
  return `api/${path}${text ? `?${text}` : ""}`;
}

export function get<R extends keyof Gets>(route: R, asked: Queries[R], abort?: AbortSignal): Promise<Gets[R]> {
  return json<Gets[R]>(address(route, asked), { signal: abort ?? null });
}

export function post<R extends keyof Posts>(route: R, body: Bodies[R]): Promise<Posts[R]> {
  return json<Posts[R]>(`api/${route}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** What an image or another file holds, to be shown by the page. */
export async function blob<R extends keyof Queries>(route: R, asked: Queries[R], abort: AbortSignal): Promise<Blob> {
  return (await ask(address(route, asked), { signal: abort })).blob();
}

/** Some bytes of a file, from one on and up to another. */
export async function range(id: string, file: string, from: number, to: number, abort?: AbortSignal): Promise<ArrayBuffer> {
  const answer = await ask(address("runs/{id}/file", { id, file }), { signal: abort ?? null, headers: { Range: `bytes=${from}-${to - 1}` } });
  const data = await answer.arrayBuffer();
  return answer.status === 206 ? data : data.slice(from, to);
}

/** Let the browser keep a file. It fetches it by itself, and so shows a ticket in place of the key. */
export async function download(to: string): Promise<void> {
  const { ticket } = await post("ticket", { address: to });
  const link = document.createElement("a");
  link.href = `${to}${to.includes("?") ? "&" : "?"}ticket=${ticket}`;
  link.download = "";
  link.click();
}

/** The one place where an answer is taken for what its route says; `tests/studio` checks each of them. */
async function json<T>(to: string, init: RequestInit): Promise<T> {
  const answer = await ask(to, init);
  return (answer.status === 204 ? null : await answer.json()) as T;
}

async function ask(to: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(to, { ...init, headers: { ...init.headers, ...headers() } });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError("unreachable", "Studio does not answer. Is `homerun studio` still running?", 0);
  }
  if (!answer.ok) throw await failure(answer);
  const key = answer.headers.get(KEY_HEADER);
  if (key) keep(key);
  return answer;
}

async function failure(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => null)) as Partial<ErrorAnswer> | null;
  const code = body?.error?.code ?? "failed";
  if (code === "signed_out") signedOut.value = true;
  return new ApiError(code, body?.error?.message ?? `Studio answered ${answer.status}.`, answer.status);
}

/** Give each JSON line of an answer as it comes. */
export async function lines<R extends keyof Streams>(route: R, asked: Queries[R], each: (line: Streams[R]) => void, abort: AbortSignal): Promise<void> {
  for await (const line of parts(address(route, asked), "\n", abort)) if (line) each(JSON.parse(line) as Streams[R]);
}

/** An event with what it holds: to know its name is to know its data. */
export type AnyEvent = { [Name in keyof Events]: { event: Name; data: Events[Name] } }[keyof Events];

/** Give each event of the stream as it comes, with the cursor after it; until the server ends it. */
export async function events(asked: Queries["events"], each: (news: AnyEvent, cursor: string) => void, abort: AbortSignal): Promise<void> {
  for await (const block of parts(address("events", asked), "\n\n", abort)) {
    const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
    if (fields.has("event")) each({ event: fields.get("event"), data: JSON.parse(fields.get("data") ?? "null") } as AnyEvent, fields.get("id") ?? "");
  }
}

async function* parts(to: string, end: string, abort: AbortSignal): AsyncGenerator<string> {
  const answer = await ask(to, { signal: abort });
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const whole = (rest + value).split(end);
    rest = whole.pop() ?? "";
    yield* whole;
  }
}
