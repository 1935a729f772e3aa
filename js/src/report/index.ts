import { effect } from "@preact/signals";
import { h, render } from "preact";
import { watchTheme } from "../theme";
import { readData } from "./data";
import { Pairs } from "./pairs";
import { Figures } from "./plots";
import { error } from "./problem";
import { Study } from "./study";

/** Bring a report to life; its tables stay as they are if its data cannot be read. */
export function start(page: Document): void {
  const study = new Study(readData(page));
  const { theme } = watchTheme(page);
  const [plots, pairs] = ["rp-plots", "rp-study"].map((id) => page.getElementById(id));
  if (!plots || !pairs) throw new Error("a part of it is missing.");
  for (const place of [plots, pairs]) place.replaceChildren();
  render(h(Pairs, { study }), pairs);
  effect(() => render(h(Figures, { study, theme: theme.value }), plots));
  listenToWords(study, page);
}

/** Let the tables of word pairs choose. */
function listenToWords(study: Study, page: Document): void {
  const buttons = page.querySelectorAll<HTMLButtonElement>("[data-words]");
  for (const button of buttons) {
    const index = Number(button.dataset.words);
    button.addEventListener("click", () => {
      study.words.value = study.words.value === index ? null : index;
      page.getElementById("rp-plots")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    });
    effect(() => button.setAttribute("aria-pressed", String(study.words.value === index)));
  }
}

try {
  start(document);
} catch (reason) {
  error(reason);
}
