/** What Studio's server answers with. `make types` writes this file from `studio/answers`. */

/** One start of a run's script. */
export interface AttemptRow {
  attempt?: number;
  start_time_utc?: Time;
  end_time_utc?: Time;
  exit_code?: number;
  signal?: string;
  cause?: string;
}

/** The best of some runs by the metric that the project's file names as a goal. */
export interface BestRun {
  metric: string;
  value: number;
  run_id: string;
  run_number: number | null;
}

/** Which runs were changed, and why others were not. `next` is where to go on with the runs that a query means; null: there are no more. */
export interface BulkAnswer {
  done: string[];
  failed: BulkFailure[];
  next: string | null;
}

/** Why one run was not changed; `hidden` names the secrets that it needs. */
export interface BulkFailure {
  id: string;
  code: string;
  message: string;
  hidden?: string[];
}

/** A part of the runs below a run. */
export interface ChildrenAnswer {
  total: number;
  skip: number;
  runs: RunRow[];
  rollup: Rollup | null;
}

/** The files of a run's code; is_there: the snapshot was not removed. */
export interface CodeAnswer {
  snapshot: string | null;
  is_there: boolean;
  git: GitState | null;
  has_diff: boolean;
  files: CodeRow[];
  more: boolean;
}

/** A file of a run's code. */
export interface CodeFileAnswer {
  size: number;
  text: string | null;
  is_cut: boolean;
  is_binary: boolean;
  path: string;
}

/** A file of a run's code. */
export interface CodeRow {
  path: string;
  kind: "file" | "folder" | "link" | "linked" | "linked folder";
  size: number | null;
  target: string | null;
}

/** Runs in the order in which they were named; `gone`: those that are not there any more. */
export interface CompareAnswer {
  runs: RunRow[];
  gone: string[];
  rows: ComparedRow[];
  more: boolean;
}

/** A value of each run; `differs`: of those that can have one, they are not all the same. Of a metric `is_most` says whether more of it is better; None: that is not known, or it is none. */
export interface ComparedRow {
  section: "run" | "params" | "arguments" | "metrics" | "tags" | "properties" | "code" | "environment" | "packages" | "files";
  name: string;
  values: unknown[];
  differs: boolean;
  is_most: boolean | null;
}

/** How much of a kind a run has: metrics that are numbers, others, and files of its own. */
export interface CountsOfRun {
  metrics: number;
  media: number;
  files: number;
}

/** What a run reads or writes: a dataset in a version, or a path of a datastore. `path` is that of a datastore, or of the run's own folder for files that were put there. */
export interface DataRow {
  name?: string;
  mode?: string;
  id?: string;
  dataset?: string;
  version?: number;
  datastore?: string;
  path?: string;
  reference?: boolean;
}

/** What a form for a new run begins with; null: as usual. Attributes: packages: the name of the environment with packages that a past run had. variables: the names of the environment variables that it was given; their values are in no record. unset: those that Studio itself has not. kept: the other settings that are not as usual, as JSON: they stay. code: null: there is no past run. */
export interface DefaultsAnswer {
  script: string | null;
  arguments: string[];
  experiment: string | null;
  target: string;
  source: string;
  tags: Tags;
  hidden: string[];
  slots: number | null;
  gpus: number | null;
  priority: number | null;
  max_retries: number | null;
  max_run_duration_seconds: number | null;
  interpreter: string | null;
  packages: string | null;
  variables: string[];
  unset: string[];
  kept: Record<string, string>;
  code: FormerCode | null;
  targets: string[];
  experiments: string[];
}

/** A run in the trash. */
export interface DeletedRun {
  run_id: string;
  run_number: number | null;
  display_name: string | null;
  experiment_name: string;
  status: Status;
  created_utc: Time | null;
  deleted_utc: Time;
  deleted_by: string | null;
  deleted_with: string | null;
  parent_run_id: string | null;
  size_bytes: number;
  directory: string;
}

/** What `homerun run show -o json` prints; keys without a value are left out. */
export interface DetailsOfRun {
  run_id: string;
  experiment_name: string;
  status: Status;
  directory: string;
  params: Params;
  tags: Tags;
  properties: Record<string, string>;
  run_number?: number;
  parent_run_id?: string;
  display_name?: string;
  description?: string;
  run_type?: string;
  queue?: QueuePlace;
  created_utc?: Time;
  start_time_utc?: Time;
  end_time_utc?: Time;
  script_name?: string;
  arguments?: string[];
  inputs?: DataRow[];
  outputs?: DataRow[];
  processes?: Record<string, unknown>;
  target?: string;
  submitted_by?: string;
  error?: RunError;
  failure?: string;
  warnings?: string[];
  process?: ProcessRow;
  limits?: Record<string, unknown>;
  gpus?: GpuRow[];
  outcome?: OutcomeRow;
  usage?: UsageRow;
  silent_s?: number;
  rules?: FiredRule[];
  attempts?: AttemptRow[];
  linked?: LinkedRow[];
  changed_originals?: string[];
}

/** The disk of the store. */
export interface DiskRoom {
  free_bytes: number;
  bytes: number;
}

/** The end of a search; more: there are more hits than were asked for. */
export interface DoneLine {
  done: true;
  hits: number;
  more: boolean;
}

/** The answer to a request that was refused, or failed. */
export interface ErrorAnswer {
  error: ErrorText;
}

/** What is wrong: a word for programs, a sentence for people. */
export interface ErrorText {
  code: string;
  message: string;
}

/** How the runs of an experiment have ended, and its goal with the best of them. */
export interface ExperimentGoal {
  name: string;
  ended: number;
  failed: number;
  goal: GoalRow | null;
}

/** An experiment; `trend` has its last runs, the oldest first. */
export interface ExperimentRow {
  name: string;
  runs: number;
  active: number;
  archived: boolean;
  tags: Tags;
  last: RunRow | null;
  trend: TrendPoint[];
}

/** The experiments by name. */
export interface ExperimentsAnswer {
  experiments: ExperimentRow[];
  unread: Unread | null;
}

/** Experiments that changed, and the names of those that are gone. */
export interface ExperimentsEvent {
  changed: ExperimentRow[];
  removed: string[];
}

/** Failures; more: there are others, which were not counted. `until` is when the last ended. */
export interface FailedRuns {
  total: number;
  more: boolean;
  kinds: number;
  until: Time | null;
  groups: FailureGroup[];
}

/** Runs that failed alike: all but for numbers. `runs` has the newest three, `ids` more. */
export interface FailureGroup {
  error: string;
  count: number;
  ids: string[];
  runs: RunRow[];
}

/** What runs can be sorted and filtered by, and how many runs have it. Of a metric `is_most` says whether more of it is better; None: that is not known, or it is none. */
export interface FieldRow {
  name: string;
  kind: "number" | "text" | "time" | "status";
  runs: number;
  is_most: boolean | null;
}

/** All fields, and those that a table shows at first besides what each run has. */
export interface FieldsAnswer {
  fields: FieldRow[];
  columns: string[];
}

/** A file or a folder of a run. */
export interface FileRow {
  name: string;
  path: string;
  kind: "folder" | "file";
  size: number | null;
  modified: Time;
  preview: "image" | "text" | "json" | "csv" | "none";
}

/** What lies in a folder, or all files below it; `total`: how many there are of them. */
export interface FilesAnswer {
  folder: string;
  entries: FileRow[];
  total: number;
  more: boolean;
}

/** A run that was completed; its row has the metrics that experiments are judged by. */
export interface FinishedRow {
  run: RunRow;
  goal: GoalRow | null;
}

/** Runs that were completed. */
export interface FinishedRuns {
  total: number;
  runs: FinishedRow[];
}

/** A rule of the run that has fired: what it did, its condition, and what was seen. */
export interface FiredRule {
  action: string;
  condition: string;
  seen: string;
  time_utc: Time;
}

/** Which code of a past run is there. Attributes: snapshot: the id of the code as it was; null: it is gone. changed: how many files are other ones in its source folder now; null: not known. */
export interface FormerCode {
  snapshot: string | null;
  is_source_there: boolean;
  changed: number | null;
}

/** A hit, while a log is searched. */
export interface FoundLine {
  hit: LogHit;
}

/** What git said of the source folder. */
export interface GitState {
  branch: string | null;
  commit: string | null;
  remote: string | null;
  dirty: string | null;
}

/** The metric that an experiment is judged by. For a run `best` is the best of the other runs, and `is_best` whether none of them is better. */
export interface GoalRow {
  metric: string;
  is_most: boolean;
  is_best: boolean;
  best: BestRun | null;
}

/** A run that goes on. `progress` is what it logs as that, `ends` when it is over by that; `value` the goal's metric now; `line` the last line that was printed. */
export interface GoingRow {
  run: RunRow;
  progress: Numeric;
  total_steps: number | null;
  ends: Time | null;
  limit_s: number | null;
  goal: GoalRow | null;
  value: Numeric;
  line: string;
}

/** Runs that go on. */
export interface GoingRuns {
  total: number;
  runs: GoingRow[];
}

/** What a GPU is busy with; `flaw`: why it cannot be used. */
export interface GpuLoad {
  index: string;
  name: string;
  percent: number | null;
  memory_bytes: number | null;
  memory_used_bytes: number | null;
  flaw: string | null;
}

/** A GPU that a run was given; `memory` in bytes where it is not all of it. */
export interface GpuRow {
  index: string;
  uuid: string;
  name: string;
  memory?: number;
}

/** Runs that share a value; `first` is the place of the first one in the whole table. `depth` is 0 for the outermost; the groups within one follow it. */
export interface GroupRow {
  value: string | number | null;
  count: number;
  first: number;
  depth: number;
  by_status: Partial<Record<Status, number>>;
  metrics: Record<string, SpreadCell>;
}

/** A metric of several runs: at each place statistics over those that have points there. `values` are those of the fields that they were grouped by; `std` is null where one run counts. `raw` is their mean without the average that was asked for; `points` is of all runs together. */
export interface GroupSeries {
  values: unknown[];
  runs: string[];
  name: string;
  x: string;
  span: number;
  places: number[];
  count: number[];
  points: number;
  mean?: Numeric[];
  std?: Numeric[];
  min?: Numeric[];
  max?: Numeric[];
  raw?: Numeric[];
}

/** The stream has begun. */
export interface HelloEvent {
  cursor: string;
  topics: string[];
}

/** What there is to know now; of each list the first few, and how many there are. */
export interface HomeAnswer {
  time: Time;
  failed: FailedRuns;
  nans: NanRuns;
  waiting: WaitingRuns;
  silent: SilentRuns;
  running: GoingRuns;
  finished: FinishedRuns;
  machine: MachineLoad;
  experiments: ExperimentGoal[];
  unread: Unread | null;
}

/** The parameters that differ, the most telling first; `runs`: so many have the metric. `more`: there are more of them; these 50 tell most. */
export interface ImportanceAnswer {
  metric: string;
  runs: number;
  params: ParamWeight[];
  more: boolean;
}

/** The store and the server; `runs` has no children, and none that is `unread`. */
export interface InfoAnswer {
  workspace: string;
  store: string;
  home: string;
  version: string;
  read_only: boolean;
  runs: number;
  experiments: number;
  unread: Unread | null;
  user: string;
  host: string;
  processors: number;
  memory_kib: number;
  default_target: string;
  targets: string[];
  has_token: boolean;
  time: Time;
  goal: ProjectGoal | null;
  cursor: string;
}

/** What the script ran with; nothing where that is not on record, or not yet. */
export interface InterpreterAnswer {
  python?: string;
  version?: string;
  implementation?: string;
  platform?: string;
  packages?: string[];
}

/** How far lines are counted. */
export interface LinesCounted {
  bytes: number;
  lines: number;
}

/** A link of the run to what was too much to copy; `bytes` is null where it was not counted. */
export interface LinkedRow {
  path: string;
  original: string;
  bytes: number | null;
  why: string;
}

/** A log that has grown. */
export interface LogEvent {
  id: string;
  name: string;
  size: number;
  is_live: boolean;
}

/** A line of a log that was found. */
export interface LogHit {
  at: number;
  line: number;
  column: number;
  text: string;
}

/** A piece of a log; `from` and `to` are bytes, `line` is None while it is not counted. */
export interface LogPiece {
  name: string;
  size: number;
  from: number;
  to: number;
  text: string;
  line: number | null;
  cut_start: boolean;
  cut_end: boolean;
  counted: LinesCounted;
  is_live: boolean;
}

/** A log of a run. */
export interface LogRow {
  name: string;
  size: number;
  modified: Time;
  is_live: boolean;
}

/** The logs of a run, the most interesting first. */
export interface LogsAnswer {
  logs: LogRow[];
}

/** What the server's machine is busy with. */
export interface MachineLoad {
  cpu_percent: number | null;
  memory_bytes: number;
  memory_used_bytes: number;
  disk: DiskRoom | null;
  gpus: GpuLoad[];
  targets: TargetLoad[];
}

/** What the samples of a quantity come to. */
export interface MeanMax {
  mean: number;
  max: number;
}

/** A metric in a row. */
export interface MetricCell {
  last: Numeric;
  min: Numeric;
  max: Numeric;
  mean: Numeric;
  count: number;
}

/** A metric at a glance; `files` are the last thousand of an image or of JSON, in order. */
export interface MetricRow {
  name: string;
  kind: "number" | "text" | "row" | "table" | "list" | "image" | "json";
  last: unknown;
  min: Numeric;
  max: Numeric;
  count: number;
  last_step: number | null;
  last_time: number | null;
  files?: string[];
}

/** The metrics of a run. */
export interface MetricsAnswer {
  metrics: MetricRow[];
}

/** The metrics of a run that changed. */
export interface MetricsEvent {
  id: string;
  metrics: MetricRow[];
}

/** A version of a model; `models` has all versions, the newest first. */
export interface ModelAnswer {
  models: ModelRow[];
  refused: string[];
  more: boolean;
  model: ModelDetails;
}

/** A dataset that a model was made from; `name` and `version` of one that is registered. */
export interface ModelData {
  purpose: string | null;
  id: string | null;
  name: string | null;
  version: number | null;
}

/** A version of a model; `is_damaged`: its record names files that cannot be read there. */
export interface ModelDetails {
  id: string;
  name: string;
  version: number;
  run_id: string | null;
  run: RunRow | null;
  experiment: string | null;
  datasets: ModelData[];
  tags: Tags;
  description: string | null;
  files: number;
  size_bytes: number;
  created: Time | null;
  created_by: string | null;
  framework: string | null;
  framework_version: string | null;
  properties: Record<string, string>;
  path: string | null;
  directory: string;
  kept: ModelFile[];
  is_damaged: boolean;
  more: boolean;
}

/** A file of a model as it was registered; `trouble`: what is wrong with it now. */
export interface ModelFile {
  path: string;
  size: number;
  sha256: string;
  trouble: string | null;
}

/** A version of a model; `run` is None where it is gone. `versions` counts those of its name, where the row stands for all of them. */
export interface ModelRow {
  id: string;
  name: string;
  version: number;
  run_id: string | null;
  run: RunRow | null;
  experiment: string | null;
  datasets: ModelData[];
  tags: Tags;
  description: string | null;
  files: number;
  size_bytes: number;
  created: Time | null;
  created_by: string | null;
  versions?: number;
}

/** Models, and a sentence for each version that is there and cannot be used. */
export interface ModelsAnswer {
  models: ModelRow[];
  refused: string[];
  more: boolean;
}

/** A run that is judged by metrics which are NaN now. */
export interface NanRow {
  run: RunRow;
  metrics: string[];
}

/** Runs with such metrics. */
export interface NanRuns {
  total: number;
  runs: NanRow[];
}

export type Numeric = number | "NaN" | "Infinity" | "-Infinity" | null;

/** How a run ended, and what it used. */
export interface OutcomeRow {
  exit_code?: number | null;
  signal?: string | null;
  cause?: string | null;
  source?: string | null;
  elapsed_s?: number;
  cpu_user_s?: number;
  cpu_system_s?: number;
  peak_memory_kib?: number;
  memory_peak?: number;
  processes_refused?: number;
}

/** How much a parameter tells of a metric, from 0 to 1, and the rank correlation of the two. */
export interface ParamWeight {
  name: string;
  importance: number;
  correlation: number | null;
  runs: number;
}

export type Params = Record<string, boolean | number | string | null | (boolean | number | string | null)[]>;

/** One point of a metric. */
export interface PointRow {
  value: unknown;
  step: number | null;
  time: number;
}

/** What was logged as a metric, point by point. */
export interface PointsAnswer {
  total: number;
  values: PointRow[];
}

/** The beginning of a file: its text, and of a table its rows. */
export interface PreviewAnswer {
  path: string;
  kind: "image" | "text" | "json" | "csv" | "none";
  size: number;
  modified: Time;
  is_cut: boolean;
  text?: string;
  columns?: string[];
  rows?: string[][];
}

/** The process of a run, as far as it is known. */
export interface ProcessRow {
  pid?: number | null;
  supervisor_pid?: number | null;
  host?: string | null;
}

/** How far a search has come. */
export interface ProgressLine {
  read: number;
  size: number;
}

/** The metric by which the project's file tells a good run, and whether more of it is better. */
export interface ProjectGoal {
  metric: string;
  is_most: boolean;
}

/** Targets that changed, and the names of those that are gone. */
export interface QueueEvent {
  targets: TargetRow[];
  removed: string[];
}

/** Where a run waits, and why. */
export interface QueuePlace {
  target: string;
  position: number;
  reason: string;
  since_utc: Time;
  slots: number;
  gpus: number;
  priority: number;
}

/** The record as it is; `attempts` by number where there was more than one. */
export interface RecordAnswer {
  id: string;
  directory: string;
  facts: Record<string, Record<string, unknown>>;
  labels: RecordLabels;
  properties: Record<string, string>;
  attempts?: Record<string, Record<string, unknown>>;
}

/** What people wrote on a run. */
export interface RecordLabels {
  display_name: string | null;
  description: string | null;
  tags: Tags;
}

/** Too much has changed: everything is to be asked for again. */
export interface ResetEvent {
  cursor: string;
}

/** How many runs there are, of which status, and the status that stands for all. `best` is there where the project has a goal and one of the runs has logged it. */
export interface Rollup {
  total: number;
  by_status: Partial<Record<Status, number>>;
  status: Status;
  best?: BestRun;
}

/** Everything about a run; can_resubmit: it was submitted, so that it can be run again. can_edit: it has a script, so that it can be so with another command. */
export interface RunAnswer {
  run: RunRow;
  details: DetailsOfRun;
  counts: CountsOfRun;
  can_resubmit: boolean;
  can_edit: boolean;
  goal: ProjectGoal | null;
  rollup: Rollup | null;
  siblings: Siblings;
  cursor: string;
}

/** The error of a failed run, in the shape of Azure ML. */
export interface RunError {
  error: RunErrorText;
  correlation: Record<string, unknown>;
  environment: string;
  location: string;
  time: string | null;
}

/** Why a run failed; below the first line of the message may be the end of its log. */
export interface RunErrorText {
  code: string;
  message: string;
  messageParameters: Record<string, unknown>;
  details: unknown[];
}

/** A run that changed, and which parts of it are to be asked for again. */
export interface RunEvent {
  id: string;
  run: RunRow;
  parts: ("status" | "labels" | "attempts" | "children" | "files")[];
}

/** A run as the table shows it. */
export interface RunRow {
  id: string;
  experiment: string;
  number: number | null;
  name: string;
  status: Status;
  parent: string | null;
  children: number;
  type: string | null;
  user: string | null;
  script: string | null;
  arguments: string[];
  target: string | null;
  description: string | null;
  created: Time | null;
  started: Time | null;
  ended: Time | null;
  duration_s: number | null;
  cpu_s: number | null;
  cpu_percent: number | null;
  memory_kib: number | null;
  read_kib: number | null;
  written_kib: number | null;
  gpus: number | null;
  gpu_percent: number | null;
  gpu_memory_kib: number | null;
  joules: number | null;
  error: string | null;
  params: Params;
  tags: Tags;
  properties: Record<string, string>;
  metrics: Record<string, MetricCell>;
  rollup: Rollup | null;
}

/** A part of the table of runs. */
export interface RunsAnswer {
  total: number;
  skip: number;
  runs: RunRow[];
  groups: GroupRow[] | null;
  cursor: string;
  unread: Unread | null;
}

/** Rows that changed, and the ids of runs that are gone. */
export interface RunsEvent {
  changed: RunRow[];
  removed: string[];
}

/** The scripts and the folders in a folder. */
export interface ScriptsAnswer {
  source: string;
  scripts: string[];
  folders: string[];
}

/** How many runs a query means, and from where on; null: there are none. */
export interface SelectionAnswer {
  total: number;
  until: string | null;
  unread: Unread | null;
}

/** Series in buckets, or groups, as columns, and the cursor that asks for what is new. */
export interface SeriesAnswer {
  series: SeriesRow[];
  groups: GroupSeries[];
  cursor: string;
}

/** A metric of a run in buckets, as columns; `from` is the place of its first bucket. `span` is how wide each place along the axis is, 0 where each bucket is a point; `cuts` are the places of the buckets with which another stroke begins. `left_out` points have no number of the metric that is the axis. */
export interface SeriesRow {
  run: string;
  name: string;
  x: string;
  points: number;
  left_out: number;
  span: number;
  sorted: boolean;
  anew: boolean;
  from: number;
  cuts: number[];
  broken: number;
  x_first: number[];
  x_last: number[];
  min: Numeric[];
  max: Numeric[];
  mean: Numeric[];
  last: Numeric[];
  count: number[];
  nans: number[];
  highs: number[];
  lows: number[];
  smooth: Numeric[];
}

/** The runs before and after one, by number in its experiment. */
export interface Siblings {
  previous: string | null;
  next: string | null;
}

/** A run that goes on and has shown no sign of life for so long. */
export interface SilentRow {
  run: RunRow;
  silent_s: number;
}

/** Runs without a sign of life. */
export interface SilentRuns {
  total: number;
  runs: SilentRow[];
}

/** A metric among the runs of a group, from the last value of each. */
export interface SpreadCell {
  mean: Numeric;
  std: Numeric;
  min: Numeric;
  max: Numeric;
  count: number;
}

export type Status = "NotStarted" | "Queued" | "Preparing" | "Running" | "CancelRequested" | "Finalizing" | "Completed" | "Failed" | "Canceled" | "NotResponding";

/** The new run, and what there is to say about it. */
export interface SubmitAnswer {
  run: RunRow;
  notices: string[];
}

export type Tags = Record<string, string | null>;

/** The slots of a target, and how many runs are active there and wait for it. */
export interface TargetLoad {
  target: string;
  slots: number | null;
  busy: number;
  paused: boolean;
  is_default: boolean;
  active: number;
  waiting: number;
}

/** A target: the runs that go on there, and those that wait. */
export interface TargetRow {
  target: string;
  slots: number | null;
  busy: number;
  paused: boolean;
  is_default: boolean;
  active: RunRow[];
  waiting: WaitingRow[];
}

/** All targets. */
export interface TargetsAnswer {
  targets: TargetRow[];
}

/** The beginning of a text; None where the file holds anything else. */
export interface TextAnswer {
  size: number;
  text: string | null;
  is_cut: boolean;
  is_binary: boolean;
}

/** A ticket, to be added to the address as `ticket`; good once, for half a minute. */
export interface TicketAnswer {
  ticket: string;
}

export type Time = string;

/** The runs in the trash. */
export interface TrashAnswer {
  runs: DeletedRun[];
}

/** One of the last runs of an experiment. */
export interface TrendPoint {
  id: string;
  number: number | null;
  status: Status;
  created: Time | null;
  started: Time | null;
  duration_s: number | null;
}

/** How many runs of how many are not in the index yet, which is being made. */
export interface Unread {
  runs: number;
  of: number;
}

/** What a run has used of its machine: means and peaks, and the last of what only grows. `now` is the last sample of a run that goes on, by quantity. */
export interface UsageRow {
  samples?: number;
  now?: Record<string, number>;
  cpu_percent?: MeanMax;
  cpu_s?: number;
  cpu_joules?: number;
  memory?: MeanMax;
  shared_once?: MeanMax;
  threads?: MeanMax;
  processes?: MeanMax;
  read_bytes?: number;
  written_bytes?: number;
  gpu_percent?: MeanMax;
  gpu_memory?: MeanMax;
  gpu_watts?: MeanMax;
  gpu_celsius?: MeanMax;
  gpu_joules?: number;
}

/** A value of a field, and how many runs have it. */
export interface ValueRow {
  value: string | number;
  runs: number;
}

/** The most frequent values of a field. */
export interface ValuesAnswer {
  values: ValueRow[];
}

/** A page as it was saved by name: `query` is what stands behind the `?` of its address. */
export interface ViewRow {
  id: string;
  revision: number;
  name: string;
  page: string;
  query: Record<string, string[]>;
  experiment: string;
  is_default: boolean;
  user: string;
  time: Time;
}

/** All views of the store, by name. */
export interface ViewsAnswer {
  views: ViewRow[];
}

/** The saved views, all of them. */
export interface ViewsEvent {
  views: ViewRow[];
}

/** A run that waits; None where it was deleted a moment ago. */
export interface WaitingRow {
  target: string;
  position: number;
  reason: string;
  since_utc: Time;
  slots: number;
  gpus: number;
  priority: number;
  run: RunRow | null;
}

/** Runs that wait for longer than an hour. */
export interface WaitingRuns {
  total: number;
  runs: WaitingRow[];
}

/** What may stand in the address of a question, by its route; `id` is in the path. */
export interface Queries {
  info: {};
  home: { since?: string | null };
  experiments: { archived?: boolean | null };
  trash: {};
  targets: {};
  events: { cursor?: string | null; topic?: string[] | null; metrics?: string[] | null; experiment?: string | null; once?: boolean | null };
  models: { run?: string | null };
  model: { name: string; version?: string | null };
  "model/file": { name: string; file: string; version?: string | null };
  "model/zip": { name: string; version?: string | null };
  runs: { experiment?: string | null; where?: string[] | null; sort?: string | null; group?: string[] | null; children?: boolean | null; ids?: string[] | null; metrics?: string[] | null; skip?: number | null; limit?: number | null };
  selection: { experiment?: string | null; where?: string[] | null; children?: boolean | null; ids?: string[] | null; until?: string | null };
  fields: { experiment?: string | null; children?: boolean | null; where?: string[] | null };
  values: { field: string; experiment?: string | null; like?: string | null };
  series: { run: string[]; name: string[]; width?: number | null; x?: string | null; since?: number | null; until?: number | null; smooth?: string | null; group?: string[] | null; stat?: string[] | null; cursor?: string | null; system?: boolean | null };
  views: {};
  compare: { run: string[] };
  "compare/code": { run: string; other: string };
  importance: { run: string[]; metric: string };
  report: { ids?: string[] | null; experiment?: string | null; where?: string[] | null; sort?: string | null; children?: boolean | null; metrics?: string[] | null; title?: string | null };
  "submit/defaults": { run?: string | null };
  "submit/scripts": { source?: string | null };
  "runs/{id}": { id: string };
  "runs/{id}/children": { id: string; recursive?: boolean | null; skip?: number | null; limit?: number | null; metrics?: string[] | null };
  "runs/{id}/record": { id: string };
  "runs/{id}/interpreter": { id: string };
  "runs/{id}/metrics": { id: string; system?: boolean | null };
  "runs/{id}/values": { id: string; name: string; skip?: number | null; limit?: number | null; system?: boolean | null };
  "runs/{id}/files": { id: string; folder?: string | null; below?: boolean | null; like?: string | null; sort?: string | null };
  "runs/{id}/preview": { id: string; file: string };
  "runs/{id}/file": { id: string; file: string; download?: boolean | null };
  "runs/{id}/zip": { id: string; folder?: string | null };
  "runs/{id}/logs": { id: string };
  "runs/{id}/log": { id: string; log: string; end?: boolean | null; at?: number | null; before?: number | null; line?: number | null; bytes?: number | null };
  "runs/{id}/log/search": { id: string; log: string; q?: string | null; errors?: boolean | null; case?: boolean | null; regex?: boolean | null; limit?: number | null; from?: number | null };
  "runs/{id}/log/download": { id: string; log: string };
  "runs/{id}/code": { id: string };
  "runs/{id}/code/file": { id: string; file: string };
  "runs/{id}/code/diff": { id: string };
  "runs/{id}/code/zip": { id: string };
}

/** What a question is answered with. */
export interface Gets {
  info: InfoAnswer;
  home: HomeAnswer;
  experiments: ExperimentsAnswer;
  trash: TrashAnswer;
  targets: TargetsAnswer;
  models: ModelsAnswer;
  model: ModelAnswer;
  runs: RunsAnswer;
  selection: SelectionAnswer;
  fields: FieldsAnswer;
  values: ValuesAnswer;
  series: SeriesAnswer;
  views: ViewsAnswer;
  compare: CompareAnswer;
  "compare/code": TextAnswer;
  importance: ImportanceAnswer;
  "submit/defaults": DefaultsAnswer;
  "submit/scripts": ScriptsAnswer;
  "runs/{id}": RunAnswer;
  "runs/{id}/children": ChildrenAnswer;
  "runs/{id}/record": RecordAnswer;
  "runs/{id}/interpreter": InterpreterAnswer;
  "runs/{id}/metrics": MetricsAnswer;
  "runs/{id}/values": PointsAnswer;
  "runs/{id}/files": FilesAnswer;
  "runs/{id}/preview": PreviewAnswer;
  "runs/{id}/logs": LogsAnswer;
  "runs/{id}/log": LogPiece;
  "runs/{id}/code": CodeAnswer;
  "runs/{id}/code/file": CodeFileAnswer;
  "runs/{id}/code/diff": TextAnswer;
}

/** What each line of an answer holds that comes line by line. */
export interface Streams {
  "runs/{id}/log/search": FoundLine | ProgressLine | DoneLine;
}

/** What a change is sent with. */
export interface Bodies {
  "views/save": { name: string; page: string; query: Record<string, string[]>; is_default?: boolean | null; id?: string | null; revision?: number | null };
  "views/delete": { id: string; revision?: number | null };
  submit: { experiment: string; script: string; source?: string | null; arguments?: string[] | null; target?: string | null; tags?: Record<string, string | null> | null; name?: string | null; max_run_duration_seconds?: number | null; slots?: number | null; gpus?: number | null; priority?: number | null; max_retries?: number | null; interpreter?: string | null; packages?: string | null; grid?: Record<string, string[]> | null; former?: string | null; code?: string | null; environment_variables?: Record<string, string | null> | null };
  "runs/labels": { ids?: string[] | null; query?: Record<string, string[]> | null; count?: number | null; until?: string | null; without?: string[] | null; name?: string | null; description?: string | null; tags?: Record<string, string | null> | null; remove_tags?: string[] | null };
  "runs/cancel": { ids?: string[] | null; query?: Record<string, string[]> | null; count?: number | null; until?: string | null; without?: string[] | null };
  "runs/fail": { ids?: string[] | null; query?: Record<string, string[]> | null; count?: number | null; until?: string | null; without?: string[] | null; message?: string | null };
  "runs/resubmit": { ids: string[]; secrets?: string[] | null };
  "runs/delete": { ids?: string[] | null; query?: Record<string, string[]> | null; count?: number | null; until?: string | null; without?: string[] | null };
  "trash/restore": { ids: string[] };
  "experiments/archive": { names: string[] };
  "experiments/reactivate": { names: string[] };
  "queue/pause": { target: string };
  "queue/resume": { target: string };
  login: { token: string };
  logout: {};
  ticket: { address: string };
}

/** What a change is answered with. */
export interface Posts {
  "views/save": ViewRow;
  "views/delete": ViewRow;
  submit: SubmitAnswer;
  "runs/labels": BulkAnswer;
  "runs/cancel": BulkAnswer;
  "runs/fail": BulkAnswer;
  "runs/resubmit": BulkAnswer;
  "runs/delete": BulkAnswer;
  "trash/restore": BulkAnswer;
  "experiments/archive": BulkAnswer;
  "experiments/reactivate": BulkAnswer;
  "queue/pause": TargetRow;
  "queue/resume": TargetRow;
  login: null;
  logout: null;
  ticket: TicketAnswer;
}

/** What each event of the stream holds. */
export interface Events {
  hello: HelloEvent;
  reset: ResetEvent;
  runs: RunsEvent;
  experiments: ExperimentsEvent;
  queue: QueueEvent;
  views: ViewsEvent;
  run: RunEvent;
  metrics: MetricsEvent;
  log: LogEvent;
}
