/**
 * Which tabs have a stream of events. A browser has six connections to a host, for all of its tabs: if each held one, the
 * sixth would leave none for anything else. So some have a stream, and the others ask again and again.
 */

const STREAMS = 2;
const NAME = `homerun.stream ${location.pathname}`;

/** Whether this tab may hold a stream; it is given back when the signal is aborted, or the tab goes. */
export async function mayStream(until: AbortSignal): Promise<boolean> {
  // A page without TLS from another machine has no locks; then it is the one that is worked in.
  if (!("locks" in navigator)) return document.hasFocus();
  for (let at = 0; at < STREAMS; at += 1) if (await take(`${NAME} ${at}`, until)) return true;
  return false;
}

function take(name: string, until: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const hold = (lock: Lock | null): Promise<void> | null => {
      resolve(lock !== null);
      if (!lock || until.aborted) return null;
      return new Promise((free) => until.addEventListener("abort", () => free()));
    };
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(() => resolve(false));
  });
}
