/** The heading of a column: sorts by a click, moves by dragging, and has a menu with the rest. */

import { Icon } from "../ui/icon";
import { type Item, Menu } from "./menu";

export interface HeadingActs {
  sort: (sort: string) => void;
  filter: (key: string) => void;
  group: (key: string) => void;
  pin: (key: string, isPinned: boolean) => void;
  hide: (key: string) => void;
  /** Put a column before another one. */
  move: (key: string, before: string) => void;
  /** One place to the left or to the right. */
  shift: (key: string, by: 1 | -1) => void;
  canGroup: (key: string) => boolean;
}

interface Props {
  name: string;
  title: string;
  isNumber?: boolean;
  canSort?: boolean;
  /** Less of it is better. */
  isLow?: boolean | undefined;
  sort: string;
  acts: HeadingActs;
  width: number;
  /** Called at each move of a drag, and with `isDone` at its end. */
  resize: (width: number, isDone: boolean) => void;
  fit: () => void;
  /** How far from the left it stays; undefined: it goes with the others. */
  left?: number | undefined;
  isPinned?: boolean;
}

const RUN = "number";

export function Heading({ name, title, isNumber = false, canSort = true, isLow = false, sort, acts, width, resize, fit, left, isPinned = false }: Props) {
  const direction = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
  const [best, worst] = isLow ? [name, `-${name}`] : [`-${name}`, name];
  const next = sort === best ? worst : sort === worst ? "" : best;
  const isRun = name === RUN;
  const pull = (event: PointerEvent): void => {
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const start = event.clientX;
    let reached: number | null = null;
    handle.onpointermove = (moved) => {
      reached = width + moved.clientX - start;
      resize(reached, false);
    };
    handle.onlostpointercapture = () => {
      handle.onpointermove = null;
      if (reached !== null) resize(reached, true);
    };
  };
  const items = (): Item[] => [
    ...(canSort
      ? [
          { title: "Sort ascending", icon: "up" as const, run: () => acts.sort(name) },
          { title: "Sort descending", icon: "down" as const, run: () => acts.sort(`-${name}`) },
        ]
      : []),
    { title: "Filter by …", icon: "search", run: () => acts.filter(name) },
    ...(acts.canGroup(name) ? [{ title: "Group by", icon: "folder" as const, run: () => acts.group(name) }] : []),
    ...(isRun
      ? []
      : [
          { title: isPinned ? "Unpin" : "Pin left", icon: "flag" as const, run: () => acts.pin(name, !isPinned) },
          { title: "Move left", icon: "left" as const, run: () => acts.shift(name, -1) },
          { title: "Move right", icon: "right" as const, run: () => acts.shift(name, 1) },
          { title: "Hide", icon: "cross" as const, run: () => acts.hide(name) },
        ]),
    { title: "Fit width", icon: "columns", run: fit },
  ];
  return (
    <div
      class={`cell ${isNumber ? "is-number" : ""} ${isRun ? "is-name" : ""} ${left === undefined ? "" : "is-pinned"}`}
      role="columnheader"
      aria-label={title}
      aria-sort={canSort ? direction : undefined}
      style={left === undefined ? undefined : { left: `${left}px` }}
      draggable={!isRun}
      onDragStart={(event) => event.dataTransfer?.setData(KIND, name)}
      onDragOver={(event) => !isRun && event.dataTransfer?.types.includes(KIND) && event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const moved = event.dataTransfer?.getData(KIND);
        if (moved && moved !== name) acts.move(moved, name);
      }}
    >
      {canSort ? (
        <button
          type="button"
          class="sort"
          title={`Sort by ${title}${isRun ? "" : `; Alt-click: ${isPinned ? "unpin it" : "pin it left"}`}`}
          onClick={(event) => (event.altKey && !isRun ? acts.pin(name, !isPinned) : acts.sort(next))}
        >
          <span>{title}</span>
          {direction !== "none" && <Icon name={direction === "ascending" ? "up" : "down"} />}
        </button>
      ) : (
        <span class="sort" title={title}>
          {title}
        </span>
      )}
      <Menu label={`Column ${title}`} class="heading-menu" items={items}>
        <Icon name="more" />
      </Menu>
      <span class="grip" aria-hidden="true" onPointerDown={pull} onDblClick={fit} />
    </div>
  );
}

const KIND = "application/x-homerun-column";
