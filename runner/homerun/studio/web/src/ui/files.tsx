/** Files of a run, to be kept or shown: what a browser asks for by itself cannot say the key of the session. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { blob, download } from "../server/api";
import { Failure } from "./basics";
import { complain } from "./dialog";
import { Icon } from "./icon";

interface DownloadProps {
  to: string;
  children?: ComponentChildren;
  /** It stands among text, as a link. */
  isText?: boolean;
  /** What is kept, where there is no room for words. */
  label?: string;
}

export function Download({ to, children, isText = false, label }: DownloadProps) {
  const keep = (event: Event): void => {
    event.preventDefault();
    download(to).catch(complain);
  };
  return (
    <a
      class={isText ? "kept" : label ? "button is-bare is-square" : "button"}
      href={to}
      download
      aria-label={label}
      title={label ?? (isText ? "Download" : undefined)}
      onClick={keep}
    >
      <Icon name="download" />
      {children && <span>{children}</span>}
    </a>
  );
}

interface PictureProps {
  run: string;
  file: string;
  alt: string;
  /** A click shows it alone. */
  isLink?: boolean;
}

export function Picture({ run, file, alt, isLink = false }: PictureProps) {
  const [read, setRead] = useState({ file: "", address: "" });
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    const control = new AbortController();
    let address = "";
    setError(null);
    blob("runs/{id}/file", { id: run, file }, control.signal).then(
      (found) => {
        if (control.signal.aborted) return;
        address = URL.createObjectURL(found);
        setRead({ file, address });
      },
      (failed: Error) => !control.signal.aborted && setError(failed),
    );
    return () => {
      control.abort();
      URL.revokeObjectURL(address);
    };
  }, [run, file]);
  if (error) return <Failure error={error} />;
  if (read.file !== file) return <div class="logged" aria-busy="true" />;
  const image = <img class="logged" src={read.address} alt={alt} />;
  return isLink ? (
    <a href={read.address} target="_blank" rel="noopener">
      {image}
    </a>
  ) : (
    image
  );
}
