/** A text that is edited where it stands. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./basics";
import { Icon } from "./icon";

interface Props {
  what: string;
  value: string;
  canEdit: boolean;
  /** Answers whether it is saved. */
  save: (value: string) => Promise<boolean>;
  isLong?: boolean;
  placeholder?: string;
}

export function Editable({ what, value, canEdit, save, isLong = false, placeholder = "" }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const [isSaving, setSaving] = useState(false);
  // What was saved is shown until it comes back; the former text must not be offered once more.
  const [saved, setSaved] = useState<string | null>(null);
  useLayoutEffect(() => setSaved(null), [value]);
  const known = saved || value;
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const isEditing = draft !== null;
  // Before the next key can come: what is typed first must not be selected and written over.
  useLayoutEffect(() => field.current?.select(), [isEditing]);
  const stop = (): void => {
    setDraft(null);
    requestAnimationFrame(() => document.activeElement === document.body && button.current?.focus());
  };
  const keep = async (event?: Event): Promise<void> => {
    event?.preventDefault();
    if (draft === null || isSaving) return;
    if (draft !== known) {
      setSaving(true);
      const isSaved = await save(draft);
      setSaving(false);
      if (!isSaved) return;
      setSaved(draft);
    }
    stop();
  };
  if (!isEditing) {
    const text = known || <span class="dim">{placeholder}</span>;
    if (!canEdit) return <span>{text}</span>;
    return (
      <button
        ref={button}
        type="button"
        class="editable"
        aria-label={`Edit the ${what}: ${known || placeholder}`}
        title={`Edit the ${what}`}
        onClick={() => setDraft(known)}
      >
        <span>{text}</span>
        <Icon name="edit" />
      </button>
    );
  }
  const shared = {
    ref: field,
    value: draft,
    readOnly: isSaving,
    "aria-label": what,
    onInput: (event: { currentTarget: { value: string } }) => setDraft(event.currentTarget.value),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Escape" && !isSaving) stop();
      if (event.key === "Enter" && isLong && (event.ctrlKey || event.metaKey)) void keep();
    },
  };
  return (
    <form class="editing" onSubmit={(event) => void keep(event)}>
      {isLong ? <textarea rows={3} {...shared} /> : <input {...shared} />}
      <Button icon="check" kind="main" type="submit" label="Save" />
      <Button icon="cross" label="Discard the change" disabled={isSaving} onClick={stop} />
    </form>
  );
}
