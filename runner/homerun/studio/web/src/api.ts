/** Questions to the server. All addresses are relative to the page, whatever proxy is in front. */

import { signal } from "@preact/signals";
import { parameters, type Query } from "./route";

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

export function address(path: string, query: Query = {}): string {
  const text = parameters(query);
  return `api/${path}${text ? `?${text}` : ""}`;
}

export const runPath = (id: string, rest = ""): string => `runs/${encodeURIComponent(id)}${rest && `/${rest}`}`;

export function get<T>(path: string, query: Query = {}, abort?: AbortSignal): Promise<T> {
  return ask<T>(address(path, query), { signal: abort ?? null });
}

export function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return ask<T>(address(path), { method: "POST", headers, body: JSON.stringify(body) });
}

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
  const body = (await answer.json().catch(() => null)) as { error?: { code: string; message: string } } | null;
  const code = body?.error?.code ?? "failed";
  if (code === "signed_out") signedOut.value = true;
  return new ApiError(code, body?.error?.message ?? `Studio answered ${answer.status}.`, answer.status);
}

/** Give each JSON line of an answer as it comes. */
export async function lines<T>(path: string, query: Query, each: (line: T) => void, abort: AbortSignal): Promise<void> {
  const answer = await fetch(address(path, query), { signal: abort });
  if (!answer.ok || !answer.body) throw await failure(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part) each(JSON.parse(part) as T);
  }
}
