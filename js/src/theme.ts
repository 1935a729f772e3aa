import { type ReadonlySignal, signal } from "@preact/signals";
import type { Theme } from "./types";

/** Light comes first, for light high contrast carries the class of the dark one too. */
const LIGHT = /(^|[\s-])light($|[\s-])/;
const DARK = /(^|[\s-])(dark|high-contrast)($|[\s-])/;
const WATCHED = ["class", "theme", "data-theme", "data-jp-theme-light", "data-vscode-theme-kind"];

/** The theme of the page around the view, as it changes. */
export interface HostTheme {
  theme: ReadonlySignal<Theme>;
  stop(): void;
}

/** Watch what the host says about its theme: JupyterLab, VS Code, marimo, Colab, or the system. */
export function watchTheme(page: Document = document): HostTheme {
  const system = page.defaultView?.matchMedia?.("(prefers-color-scheme: dark)");
  const elements = [page.body, page.documentElement];
  const current = () => hostTheme(elements) ?? (system?.matches ? "dark" : "light");
  const theme = signal<Theme>(current());
  const update = () => {
    theme.value = current();
  };
  const observer = new MutationObserver(update);
  for (const element of elements) observer.observe(element, { attributeFilter: WATCHED });
  system?.addEventListener("change", update);
  return {
    theme,
    stop() {
      observer.disconnect();
      system?.removeEventListener("change", update);
    },
  };
}

function hostTheme(elements: Element[]): Theme | null {
  for (const element of elements) {
    const jupyter = element.getAttribute("data-jp-theme-light");
    if (jupyter) return jupyter === "false" ? "dark" : "light";
    const names = ["data-theme", "theme", "class"].map((name) => element.getAttribute(name));
    const said = names.join(" ");
    if (LIGHT.test(said)) return "light";
    if (DARK.test(said)) return "dark";
  }
  return null;
}
