/** A text that is edited where it stands. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./basics";
import { Icon } from "./icon";

interface Props {
  what: string;
  value: string;
  canEdit: boolean;
  save: (value: string) => Promise<unknown>;
  isLong?: boolean;
  placeholder?: string;
}

export function Editable({ what, value, canEdit, save, isLong = false, placeholder = "" }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
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
    if (draft !== null && draft !== value) await save(draft);
    stop();
  };
  if (!isEditing) {
    const text = value || <span class="dim">{placeholder}</span>;
    if (!canEdit) return <span>{text}</span>;
    return (
      <button ref={button} type="button" class="editable" aria-label={`Edit the ${what}: ${value || placeholder}`} title={`Edit the ${what}`} onClick={() => setDraft(value)}>
        <span>{text}</span>
        <Icon name="edit" />
      </button>
    );
  }
  const shared = {
    ref: field,
    value: draft,
    "aria-label": what,
    onInput: (event: { currentTarget: { value: string } }) => setDraft(event.currentTarget.value),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Escape") stop();
      if (event.key === "Enter" && isLong && (event.ctrlKey || event.metaKey)) void keep();
    },
  };
  return (
    <form class="editing" onSubmit={(event) => void keep(event)}>
      {isLong ? <textarea rows={3} {...shared} /> : <input {...shared} />}
      <Button icon="check" kind="main" type="submit" label="Save" />
      <Button icon="cross" label="Leave as it was" onClick={stop} />
    </form>
  );
}
