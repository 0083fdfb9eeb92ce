/** Whether the stream of events is heard. */

import { signal } from "@preact/signals";

export const connection = signal<"idle" | "live" | "lost">("idle");
