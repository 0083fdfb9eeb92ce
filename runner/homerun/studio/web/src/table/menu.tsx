/** A menu below its button: arrows go through it, Escape and a click elsewhere close it. */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../ui/icon";

export interface Item {
  title: string;
  run: () => void;
  icon?: IconName;
  disabled?: boolean;
  /** For what is on or off. */
  checked?: boolean;
}

interface Props {
  label: string;
  items: () => Item[];
  children: ComponentChildren;
  class?: string;
}

const EDGE = 8;

export function Menu({ label, items, children, class: extra = "" }: Props) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  return (
    <>
      <button
        type="button"
        ref={button}
        class={extra}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={(event) => {
          event.stopPropagation();
          setOpen(!isOpen);
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          event.stopPropagation();
          setOpen(true);
        }}
      >
        {children}
      </button>
      {isOpen && (
        <List
          id={id}
          label={label}
          items={items()}
          at={() => button.current?.getBoundingClientRect()}
          close={(isByKey) => {
            setOpen(false);
            if (isByKey) button.current?.focus();
          }}
        />
      )}
    </>
  );
}

interface ListProps {
  id: string;
  label: string;
  items: Item[];
  at: () => DOMRect | undefined;
  close: (isByKey: boolean) => void;
}

/** Above all else, so that no box that scrolls cuts it off. */
function List({ id, label, items, at, close }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = list.current;
    const place = at();
    if (!element || !place) return;
    element.showPopover();
    element.style.left = `${Math.max(EDGE, Math.min(place.left, innerWidth - element.offsetWidth - EDGE))}px`;
    element.style.top = `${Math.max(EDGE, Math.min(place.bottom, innerHeight - element.offsetHeight - EDGE))}px`;
    element.querySelector<HTMLElement>("[role^=menuitem]:not(:disabled)")?.focus();
  }, []);
  const move = (event: KeyboardEvent): void => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:not(:disabled)") ?? [])];
    const here = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close(true);
    } else if (to !== undefined) {
      event.preventDefault();
      all[(to + all.length) % all.length]?.focus();
    }
  };
  return (
    <div
      id={id}
      ref={list}
      class="popup-menu"
      role="menu"
      aria-label={label}
      popover="auto"
      onKeyDown={move}
      onClick={(event) => event.stopPropagation()}
      onToggle={(event) => event.newState === "closed" && close(false)}
    >
      {items.map((one) => (
        <button
          key={one.title}
          type="button"
          {...(one.checked === undefined ? { role: "menuitem" } : { role: "menuitemcheckbox", "aria-checked": one.checked })}
          disabled={one.disabled}
          onClick={() => {
            close(true);
            one.run();
          }}
        >
          {one.checked ? <Icon name="check" /> : one.icon ? <Icon name={one.icon} /> : <span class="icon" />}
          <span>{one.title}</span>
        </button>
      ))}
    </div>
  );
}
