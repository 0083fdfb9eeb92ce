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

/** How many runs are active on a target, and that none of them takes a slot. Where some do, one may take several. */
export const activeWord = (target: Slots, active: number): string => `${plural(active, "run")} active${isOutside(target, active) ? ", outside the slots" : ""}`;

export const isOutside = ({ slots, busy }: Slots, active: number): boolean => !!slots && busy === 0 && active > 0;
