/** Questions to the server. All addresses are relative to the page, whatever proxy is in front. */

import { signal } from "@preact/signals";
import { parameters, type Query } from "../route";
import type { Bodies, ErrorAnswer, Gets, Posts, Queries, Streams } from "../types";

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
  return ask<Gets[R]>(address(route, asked), { signal: abort ?? null });
}

export function post<R extends keyof Posts>(route: R, body: Bodies[R]): Promise<Posts[R]> {
  const headers = { "Content-Type": "application/json" };
  return ask<Posts[R]>(`api/${route}`, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The one place where an answer is taken for what its route says; `tests/studio` checks each of them. */
async function ask<T>(to: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(to, init);
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError("unreachable", "Studio does not answer. Is `homerun studio` still running?", 0);
  }
  if (!answer.ok) throw await failure(answer);
  return (answer.status === 204 ? null : await answer.json()) as T;
}

async function failure(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => null)) as Partial<ErrorAnswer> | null;
  const code = body?.error?.code ?? "failed";
  if (code === "signed_out") signedOut.value = true;
  return new ApiError(code, body?.error?.message ?? `Studio answered ${answer.status}.`, answer.status);
}

/** Give each JSON line of an answer as it comes. */
export async function lines<R extends keyof Streams>(route: R, asked: Queries[R], each: (line: Streams[R]) => void, abort: AbortSignal): Promise<void> {
  const answer = await fetch(address(route, asked), { signal: abort });
  if (!answer.ok || !answer.body) throw await failure(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part) each(JSON.parse(part) as Streams[R]);
  }
}
