/** Which lines of equal height are in view. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

const SPARE = 8;

export interface Window {
  first: number;
  last: number;
  attach: (element: HTMLElement | null) => void;
  element: () => HTMLElement | null;
  /** After it was scrolled from here: see at once what is in view. */
  look: () => void;
  /** Scroll as little as needed to have a line in view. */
  reveal: (line: number, where?: "near" | "middle") => void;
}

/**
 * @param head what sticks above the lines, in pixels
 */
export function useWindow(count: number, height: number, head = 0): Window {
  const scroller = useRef<HTMLElement | null>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const look = useCallback(() => {
    const element = scroller.current;
    if (element)
      setView((former) =>
        former.top === element.scrollTop && former.height === element.clientHeight ? former : { top: element.scrollTop, height: element.clientHeight },
      );
  }, []);
  const observer = useRef<ResizeObserver | null>(null);
  const attach = useCallback((element: HTMLElement | null) => {
    scroller.current?.removeEventListener("scroll", look);
    observer.current?.disconnect();
    scroller.current = element;
    if (!element) return;
    element.addEventListener("scroll", look, { passive: true });
    observer.current = new ResizeObserver(look);
    observer.current.observe(element);
    look();
  }, []);
  useEffect(look, [count]);
  const reveal = useCallback(
    (line: number, where: "near" | "middle" = "near") => {
      const element = scroller.current;
      if (!element) return;
      const room = element.clientHeight - head;
      const top = line * height;
      if (where === "middle") element.scrollTop = top - room / 2;
      else if (top < element.scrollTop) element.scrollTop = top;
      else if (top + height > element.scrollTop + room) element.scrollTop = top + height - room;
      look();
    },
    [height, head],
  );
  const first = Math.max(0, Math.min(count - 1, Math.floor(view.top / height) - SPARE));
  const last = Math.min(count - 1, Math.ceil((view.top + view.height) / height) + SPARE);
  return { first, last, attach, element: () => scroller.current, look, reveal };
}
