/** The shapes that the server answers with; docs/studio-api.md says what they mean. */

export type Status =
  | "NotStarted"
  | "Queued"
  | "Preparing"
  | "Running"
  | "CancelRequested"
  | "Finalizing"
  | "Completed"
  | "Failed"
  | "Canceled"
  | "NotResponding";

/** JSON has no NaN and no infinities: they come as text. */
export type Numeric = number | "NaN" | "Infinity" | "-Infinity" | null;

export interface MetricCell {
  last: Numeric;
  min: Numeric;
  max: Numeric;
  count: number;
}

export interface Rollup {
  total: number;
  by_status: Partial<Record<Status, number>>;
  status: Status;
}

export interface Run {
  id: string;
  experiment: string;
  number: number;
  name: string;
  status: Status;
  parent: string | null;
  children: number;
  type: string;
  user: string | null;
  script: string | null;
  arguments: string[];
  target: string | null;
  description: string | null;
  created: string;
  started: string | null;
  ended: string | null;
  duration_s: number | null;
  cpu_s: number | null;
  peak_memory_kib: number | null;
  tags: Record<string, string | null>;
  properties: Record<string, string>;
  metrics: Record<string, MetricCell>;
  rollup?: Rollup | null;
}

export interface Info {
  workspace: string;
  store: string;
  version: string;
  read_only: boolean;
  runs: number;
  experiments: number;
  user: string;
  host: string;
  default_target: string;
  targets: string[];
  time: string;
  cursor: string;
}

export interface TrendPoint {
  id: string;
  number: number;
  status: Status;
  created: string;
  duration_s: number | null;
}

export interface Experiment {
  name: string;
  runs: number;
  active: number;
  archived: boolean;
  tags: Record<string, string | null>;
  last: Run | null;
  trend: TrendPoint[];
}

export interface Group {
  value: string | null;
  count: number;
  first: number;
}

export interface RunsAnswer {
  total: number;
  skip: number;
  runs: Run[];
  groups: Group[] | null;
  cursor: string;
}

export interface Field {
  name: string;
  kind: "number" | "text" | "time" | "status";
  runs: number;
}

export interface RunAnswer {
  run: Run;
  details: Record<string, unknown>;
  rollup: Rollup | null;
  siblings: { previous: string | null; next: string | null };
  watching: { logs: string[] };
}

export interface ChildrenAnswer {
  total: number;
  runs: Run[];
  rollup: Rollup | null;
}

export interface Metric {
  name: string;
  kind: "number" | "text" | "row" | "table" | "list" | "image" | "json";
  last: unknown;
  min: Numeric;
  max: Numeric;
  count: number;
  last_step: number | null;
  last_time: string | null;
  files?: string[];
}

export interface SeriesPart {
  run: string;
  name: string;
  points: number;
  size: number;
  anew: boolean;
  from?: number;
  x_first: (number | null)[];
  x_last: (number | null)[];
  min: Numeric[];
  max: Numeric[];
  last: Numeric[];
  count: number[];
  gaps: number[];
}

export interface FileEntry {
  name: string;
  path: string;
  kind: "folder" | "file";
  size: number;
  modified: string;
  preview: "image" | "text" | "json" | "csv" | "none";
}

export interface Preview {
  path: string;
  kind: string;
  size: number;
  modified: string;
  text: string | null;
  is_cut: boolean;
  rows: string[][] | null;
  columns: string[] | null;
}

export interface LogInfo {
  name: string;
  size: number;
  modified: string;
  is_live: boolean;
}

export interface LogPiece {
  name: string;
  size: number;
  from: number;
  to: number;
  text: string;
  line: number | null;
  cut_start: boolean;
  cut_end: boolean;
  counted: { bytes: number; lines: number };
  is_live: boolean;
}

export interface LogHit {
  at: number;
  line: number;
  column: number;
  text: string;
}

export interface CodeAnswer {
  snapshot: string | null;
  git: { branch: string | null; commit: string | null; remote: string | null; dirty: boolean | null } | null;
  has_diff: boolean;
  files: { path: string; kind: "file" | "linked" | "link" | "folder"; size: number | null }[];
  more: boolean;
}

export interface Waiting {
  run: Run;
  position: number;
  reason: string;
  since: string;
  slots: number;
  priority: number;
}

export interface Target {
  target: string;
  slots: number | null;
  busy: number;
  paused: boolean;
  is_default: boolean;
  active: Run[];
  waiting: Waiting[];
}

export interface Defaults {
  script: string | null;
  arguments: string[];
  experiment: string | null;
  target: string | null;
  source: string | null;
  tags: Record<string, string | null>;
  hidden: string[];
  targets: string[];
  experiments: string[];
}

export interface BulkAnswer {
  done: string[];
  failed: { id: string; code: string; message: string; hidden?: string[] }[];
}
