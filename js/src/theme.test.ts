import { afterEach, expect, it, vi } from "vitest";
import { type HostTheme, watchTheme } from "./theme";

let host: HostTheme;

afterEach(() => {
  host.stop();
  for (const element of [document.body, document.documentElement]) {
    for (const { name } of [...element.attributes]) element.removeAttribute(name);
  }
});

it.each([
  ["JupyterLab", "data-jp-theme-light", "false"],
  ["VS Code", "class", "vscode-body vscode-dark"],
  ["VS Code with high contrast", "class", "vscode-high-contrast"],
  ["marimo", "class", "dark dark-theme"],
])("follows %s from light to dark", async (_, name, value) => {
  host = watchTheme();
  expect(host.theme.value).toBe("light");
  document.body.setAttribute(name, value);
  await vi.waitFor(() => expect(host.theme.value).toBe("dark"));
});

it("reads Colab's attribute on the root", () => {
  document.documentElement.setAttribute("theme", "dark");
  host = watchTheme();
  expect(host.theme.value).toBe("dark");
});

it("knows light high contrast", () => {
  document.body.className = "vscode-high-contrast-light vscode-high-contrast";
  host = watchTheme();
  expect(host.theme.value).toBe("light");
});
