import { useLayoutEffect, useRef } from "preact/hooks";
import { stay } from "./keys";
import type { Side, Store } from "./types";

interface EditorProps {
  store: Store;
  side: Side;
  close(): void;
}

/** A text in the making: Enter or leaving applies it, Escape brings the former back. */
export function Editor({ store, side, close }: EditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const setting = side === "a" ? store.settings.textA : store.settings.textB;
  useLayoutEffect(() => {
    area.current?.focus();
    area.current?.select();
  }, []);
  const done = useRef(false);
  const leave = (apply: boolean) => {
    if (done.current) return;
    done.current = true;
    const text = area.current?.value ?? "";
    if (apply && text !== setting.peek())
      store.change(side === "a" ? { textA: text } : { textB: text });
    close();
  };
  const key = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.isComposing) return;
    const enter = event.key === "Enter" && !event.shiftKey;
    if (!enter && event.key !== "Escape") return;
    event.preventDefault();
    leave(enter);
    stay(event);
  };
  return (
    <textarea
      class="sv-editor"
      ref={area}
      dir="auto"
      aria-label={`Text ${side.toUpperCase()}: Enter applies, Escape reverts`}
      onKeyDown={key}
      onBlur={() => leave(true)}
      defaultValue={setting.peek()}
    />
  );
}
