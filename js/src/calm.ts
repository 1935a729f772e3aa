import type { ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useState } from "preact/hooks";

/** Return a signal's value, renewed at most every `pause` milliseconds and never late for good. */
export function useCalm<Value>(source: ReadonlySignal<Value>, pause: number): Value {
  const [shown, setShown] = useState(() => source.peek());
  useLayoutEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = Number.NEGATIVE_INFINITY;
    const show = () => {
      timer = undefined;
      last = performance.now();
      setShown(() => source.peek());
    };
    const stop = source.subscribe(() => {
      const rest = last + pause - performance.now();
      if (rest <= 0) show();
      else timer ??= setTimeout(show, rest);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [source, pause]);
  return shown;
}
