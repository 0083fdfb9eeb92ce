/** What each part of a run's page is given. */

import type { RunAnswer, RunRow } from "../../types";

export interface TabProps {
  run: RunRow;
  answer: RunAnswer;
  reload: () => void;
}
