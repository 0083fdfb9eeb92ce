/** The slots of a target in words. */

import { count, plural } from "../format";

interface Slots {
  /** null: the target is not there any more; 0: its engine has the slots. */
  slots: number | null;
  busy: number;
}

export function slotsWord({ slots, busy }: Slots): string {
  if (slots === null) return "no such target";
  return slots ? `${count(busy)} of ${plural(slots, "slot")} busy` : "its engine has the slots";
}

/** How many runs are active on a target, and that some of them take no slot; a run may take several. */
export function activeWord({ slots, busy }: Slots, active: number): string {
  const words = `${plural(active, "run")} active`;
  const outside = slots ? active - busy : 0;
  if (outside <= 0) return words;
  return `${words}, ${outside === active ? "" : `${count(outside)} of them `}outside the slots`;
}

export const hasOutside = ({ slots, busy }: Slots, active: number): boolean => !!slots && active > busy;
