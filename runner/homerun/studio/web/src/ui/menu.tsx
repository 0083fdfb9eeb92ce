/** A button that opens a list of actions. */

import "./menu.css";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

export interface Action {
  text: string;
  does: () => void;
  icon?: IconName;
  isOff?: boolean;
  hint?: string | undefined;
}

interface Props {
  label: string;
  icon: IconName;
  actions: Action[];
  children?: ComponentChildren;
}

export function Menu({ label, icon, actions, children }: Props) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    if (isOpen) items(box.current)[0]?.focus();
  }, [isOpen]);
  const close = (): void => {
    setOpen(false);
    opener.current?.focus();
  };
  const pressed = (event: KeyboardEvent): void => {
    if (!isOpen) return;
    event.stopPropagation(); // the keys of the page are not for the menu
    if (event.key === "Tab") return setOpen(false);
    const all = items(box.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const places: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const to = places[event.key];
    if (event.key === "Escape") close();
    else if (to !== undefined) all.at(to % all.length)?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div
      class="acts"
      ref={box}
      onKeyDown={pressed}
      onFocusOut={(event) => !box.current?.contains(event.relatedTarget as Node | null) && event.relatedTarget && setOpen(false)}
    >
      <button
        ref={opener}
        type="button"
        class={`button is-plain ${children ? "" : "is-square"}`}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!isOpen)}
      >
        {children && <span>{children}</span>}
        <Icon name={icon} />
      </button>
      {isOpen && (
        <>
          <div class="acts-away" onPointerDown={() => setOpen(false)} />
          <div class="acts-list" role="menu" id={id} aria-label={label}>
            {actions.map((one) => (
              <button
                key={one.text}
                type="button"
                role="menuitem"
                tabIndex={-1}
                aria-disabled={one.isOff}
                title={one.hint}
                onClick={() => {
                  if (one.isOff) return;
                  close();
                  one.does();
                }}
              >
                {one.icon && <Icon name={one.icon} />}
                <span>{one.text}</span>
              </button>
            ))}
          </div>
        </>
      )}
    </div>
  );
}

const items = (box: HTMLElement | null): HTMLElement[] => [...(box?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
