import { visible } from "../text";

/** Say in the page that a part of it does not work, and why. */
export function error(reason: unknown): void {
  const note = document.createElement("p");
  note.className = "rp-alert";
  note.setAttribute("role", "alert");
  const said = reason instanceof Error ? reason.message : String(reason);
  note.textContent = `This page is not interactive: ${visible(said)}`;
  document.querySelector("main")?.prepend(note);
}
