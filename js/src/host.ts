/** The part of AnyWidget's model that siamviz uses; an exported page brings its own. */
export interface Host {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: string, callback: HostCallback): void;
  off(event: string, callback: HostCallback): void;
}

export type HostCallback = (...values: never[]) => void;
