/** What each part of a run's page is given. */

import type { Run, RunAnswer } from "../../types";

export interface TabProps {
  run: Run;
  answer: RunAnswer;
  reload: () => void;
}
