/** What an empty store teaches: log, run, look. */

import { href } from "../../route";
import { info } from "../../state";
import { Button } from "../../ui/basics";
import { copy } from "../../ui/clipboard";

const SELECT = "select the text and copy it.";

const STEPS = [
  {
    title: "Log what matters in your script",
    text: 'from homerun import Run\n\nrun = Run.get_context()\nrun.log("loss", loss, step=step)',
    note: "from azureml.core import Run does the same in a run.",
  },
  { title: "Run it", text: "homerun run train.py --lr 0.1", note: "It gets an experiment, a number, a log, and a copy of the code as it is now." },
  { title: "Look", text: "homerun top", note: "Or stay here: this page shows the run as soon as it begins." },
];

export function FirstSteps() {
  return (
    <section class="first-steps" aria-label="The first run">
      <p>There are no runs in {info.value?.store} yet. Three steps to the first one:</p>
      <ol>
        {STEPS.map((step) => (
          <li key={step.title} class="card">
            <h2>{step.title}</h2>
            <div class="snippet">
              <pre>{step.text}</pre>
              <Button label={`Copy: ${step.title}`} onClick={() => void copy(step.text, SELECT)}>
                Copy
              </Button>
            </div>
            <p class="dim">{step.note}</p>
          </li>
        ))}
      </ol>
      <p class="dim">
        Or <a href={href(["submit"])}>submit a script from here</a>.
      </p>
    </section>
  );
}
