import { label } from "./text";

/** Offer `bytes` to the user as a file. */
export function download(name: string, mime: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes.slice()], { type: mime }));
  const link = document.createElement("a");
  link.href = url;
  link.download = label(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
