/** Light or dark: as the system says, until a person chooses. */

import { signal } from "@preact/signals";
import { recall, remember } from "../use";

export type Theme = "system" | "light" | "dark";

export const theme = signal<Theme>(recall<Theme>("theme", "system"));
const system = matchMedia("(prefers-color-scheme: dark)");

/** Counts changes of colour, for what draws on a canvas. */
export const repaint = signal(0);

export const isDark = (): boolean => (theme.value === "system" ? system.matches : theme.value === "dark");

function apply(): void {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  repaint.value += 1;
}

export function toggleTheme(): void {
  theme.value = isDark() ? "light" : "dark";
  remember("theme", theme.value);
  apply();
}

system.addEventListener("change", apply);
apply();

/** What a token of the style is right now, as a colour that a canvas takes. */
export function colour(token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
