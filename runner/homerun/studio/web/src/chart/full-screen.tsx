/** One chart that fills the window; arrows go through the others. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../ui/basics";
import { Dialog } from "../ui/dialog";

interface Props {
  names: readonly string[];
  name: string;
  /** Show another one; "": none. */
  go: (name: string) => void;
  card: (name: string, height: number) => JSX.Element;
}

const AROUND_PX = 240;
const LEAST_PX = 200;

export function FullScreen({ names, name, go, card }: Props) {
  const at = names.indexOf(name);
  const [former, next] = [names[at - 1], names[at + 1]];
  const keys = useRef((_: KeyboardEvent): void => undefined);
  keys.current = (event) => {
    if ((event.target as Element).closest("input, select, [role=img]")) return;
    const to = { ArrowLeft: former, ArrowRight: next }[event.key];
    if (!to) return;
    event.preventDefault();
    go(to);
  };
  useEffect(() => {
    const press = (event: KeyboardEvent): void => keys.current(event);
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <Dialog title={name} close={() => go("")} wide>
      <div class="full-screen">
        <div class="bar is-tools">
          <Button icon="left" disabled={!former} onClick={() => former && go(former)}>
            Previous
          </Button>
          <Button icon="right" disabled={!next} onClick={() => next && go(next)}>
            Next
          </Button>
          <span class="dim">
            {at + 1} of {names.length}
          </span>
        </div>
        {card(name, Math.max(LEAST_PX, innerHeight - AROUND_PX))}
      </div>
    </Dialog>
  );
}
