/** Parts of a page that a browser loads when they are first shown. */

import type { ComponentType } from "preact";
import { useLoaded } from "../use";
import { Failure, Waiting } from "./basics";

export function lazily<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const loaded = useLoaded(async () => {
      known ??= await load();
      return { part: known };
    }, []);
    const Part = known ?? loaded.data?.part;
    if (Part) return <Part {...props} />;
    return loaded.error ? <Failure error={loaded.error} retry={loaded.reload} /> : <Waiting what="this part of the page" />;
  };
}
