/** Dialogs that ask for something: tags, a reason, hidden values. */

import { useState } from "preact/hooks";
import { plural } from "../format";
import { type Labels, label, resubmit } from "../server/actions";
import type { RunRow } from "../types";
import { Button, Field, TagChip } from "./basics";
import { Dialog } from "./dialog";

interface TagProps {
  runs: RunRow[];
  /** More runs than are known one by one, and what sets their tags. */
  many?: { count: number; set: (labels: Labels) => Promise<boolean> };
  close: () => void;
}

export function TagDialog({ runs, many, close }: TagProps) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const present = [...new Set(runs.flatMap((run) => Object.keys(run.tags)))].sort();
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!key.trim()) return;
    const labels = { tags: { [key.trim()]: value === "" ? null : value } };
    if (many) {
      close();
      await many.set(labels);
      return;
    }
    await label(runs, labels);
    close();
  };
  return (
    <Dialog title={`Tags of ${plural(many?.count ?? runs.length, "run")}`} close={close}>
      <form onSubmit={(event) => void add(event)}>
        <div class="pair">
          <Field label="Tag">
            <input value={key} onInput={(event) => setKey(event.currentTarget.value)} list="known-tags" required autoFocus />
          </Field>
          <Field label="Value (optional)">
            <input value={value} onInput={(event) => setValue(event.currentTarget.value)} />
          </Field>
        </div>
        <datalist id="known-tags">
          {present.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        {present.length > 0 && (
          <div class="field">
            <span class="field-label">Remove from all of these runs</span>
            <span class="chips is-wrapped">
              {present.map((one) => (
                <span class="chip-row" key={one}>
                  <TagChip name={one} value={null} />
                  <Button icon="cross" kind="bare" label={`Remove tag ${one}`} onClick={() => void label(runs, { remove_tags: [one] }).then(close)} />
                </span>
              ))}
            </span>
          </div>
        )}
        <div class="dialog-foot">
          <Button onClick={close}>Close</Button>
          <Button kind="main" type="submit">
            Set the tag
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function ReasonDialog({ title, yes, take, close }: { title: string; yes: string; take: (reason: string) => void; close: () => void }) {
  const [reason, setReason] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    take(reason.trim());
    close();
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={submit}>
        <Field label="Reason (optional)">
          <input value={reason} onInput={(event) => setReason(event.currentTarget.value)} autoFocus />
        </Field>
        <div class="dialog-foot">
          <Button onClick={close}>Cancel</Button>
          <Button kind="danger" type="submit">
            {yes}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function SecretsDialog({ run, hidden, close }: { run: RunRow; hidden: string[]; close: () => void }) {
  const [values, setValues] = useState<string[]>(hidden.map(() => ""));
  const submit = (event: Event): void => {
    event.preventDefault();
    void resubmit([run], values);
    close();
  };
  return (
    <Dialog title="Secret values" close={close}>
      <form onSubmit={submit}>
        <p>They are passed to the new run and are not stored.</p>
        {hidden.map((word, at) => (
          <Field key={at} label={word}>
            <input
              type="password"
              autocomplete="off"
              required
              value={values[at]}
              onInput={(event) => setValues(values.map((one, other) => (other === at ? event.currentTarget.value : one)))}
            />
          </Field>
        ))}
        <div class="dialog-foot">
          <Button onClick={close}>Cancel</Button>
          <Button kind="main" type="submit">
            Resubmit
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
