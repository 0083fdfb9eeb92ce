/** Icons as paths in a box of 16 by 16. */

import type { Status } from "../types";

const PATHS = {
  check: "M3.5 8.5l3 3 6-7",
  cross: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  down: "M3 6l5 5 5-5",
  up: "M3 10l5-5 5 5",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14",
  stop: "M4 4h8v8H4z",
  again: "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
  back: "M6 3L3 6l3 3M3 6h6a3.5 3.5 0 0 1 0 7H6",
  bin: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
  archive: "M2.5 3h11v3h-11zM3.5 6v7h9V6M6.3 8.7h3.4",
  tag: "M2.5 2.5h5l6 6-5 5-6-6zM5.3 5.3v.01",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  compare: "M5 2.5v11M11 2.5v11M2.5 10l2.5 3.5L7.5 10M8.5 6L11 2.5 13.5 6",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M12.6 3.4l-1.1 1.1M4.5 11.5l-1.1 1.1",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
  help: "M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12.2v.01",
  edit: "M3 13l.6-2.6 7-7 2 2-7 7z",
  folder: "M2 4h4l1.5 1.5H14V13H2z",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  link: "M6.5 9.5l3-3M7 4.8l1.6-1.6a2.6 2.6 0 0 1 3.7 3.7L10.7 8.5M9 11.2l-1.6 1.6a2.6 2.6 0 0 1-3.7-3.7L5.3 7.5",
  play: "M5 3l8 5-8 5z",
  pause: "M5.5 3v10M10.5 3v10",
  flag: "M4 14V2.5h8l-2 3 2 3H4",
  more: "M3.5 8v.01M8 8v.01M12.5 8v.01",
  end: "M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.5V8l2.5 1.5",
  ring: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z",
  slash: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM4 12l8-8",
  passed: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.3 8.2l2 2 3.5-4",
  failed: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  halted: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.2 6.2h3.6v3.6H6.2z",
  warning: "M8 2.5L14.5 13.5h-13zM8 6.5v3M8 11.5v.01",
  spin: "M8 2a6 6 0 1 0 6 6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, class: extra = "" }: { name: IconName; class?: string }) {
  return (
    <svg class={`icon ${extra}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

const OF_STATUS: Record<Status, IconName> = {
  NotStarted: "ring",
  Queued: "clock",
  Preparing: "spin",
  Running: "spin",
  CancelRequested: "halted",
  Finalizing: "spin",
  Completed: "passed",
  Failed: "failed",
  Canceled: "slash",
  NotResponding: "warning",
};

export const statusIcon = (status: Status): IconName => OF_STATUS[status] ?? "ring";
