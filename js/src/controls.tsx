import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { label as printed } from "./text";
import { RULES, type Rule, type Store, type Unit, type View } from "./types";

const RULE_NAMES: Record<Rule, string> = {
  adaptive: "adaptive",
  calibrated: "calibrated",
  "gauss-legendre": "Gauss–Legendre",
  midpoint: "midpoint",
  trapezoid: "trapezoid",
  "right-riemann": "right Riemann",
};
const UNIT_NAMES: Record<Unit, string> = {
  token: "Token",
  word: "Word",
  sentence: "Sentence",
  spans: "Spans",
};
const VIEWS: [View, string][] = [
  ["matrix", "Matrix"],
  ["links", "Links"],
  ["pairs", "Pairs"],
  ["compare", "Compare"],
];
const TOLERANCES = [0.1, 0.05, 0.02, 0.01, 0.005, 0.001];
const MOST_STEPS = 64;
const MOST_REFERENCES = 96;

/** The model and what it was asked to compute. */
export function Header({ store }: { store: Store }) {
  return (
    <div class="sv-header">
      <div class="sv-settings">
        <b class="sv-model">{named(store.modelName.value)}</b>
        <LayerChoice store={store} />
        <BaselineChoice store={store} />
        {store.choices.live.value ? <LiveRule store={store} /> : <SavedSteps store={store} />}
      </div>
    </div>
  );
}

/** By which unit and in which view the result is shown. */
export function Looks({ store }: { store: Store }) {
  return (
    <div class="sv-looks">
      <UnitChoice store={store} />
      <Segments
        label="View"
        options={comparable(store) ? VIEWS : VIEWS.slice(0, -1)}
        value={store.view.value}
        choose={(view) => {
          store.view.value = view;
        }}
      />
    </div>
  );
}

/** Whether there can be something to compare with: not in a page that was saved without. */
function comparable({ choices, other, view }: Store): boolean {
  const page = choices.steps.value !== null;
  return !page || other.value !== null || view.value === "compare";
}

function UnitChoice({ store }: { store: Store }) {
  const units = store.choices.units.value;
  if (units.length < 2) return null;
  return (
    <Segments
      label="Unit"
      options={units.map((unit) => [unit, UNIT_NAMES[unit]])}
      value={store.picture.value?.unit ?? store.unit.value}
      choose={(unit) => {
        store.unit.value = unit;
      }}
    />
  );
}

function LayerChoice({ store }: { store: Store }) {
  const { layers, layerList, live } = store.choices;
  const count = live.value ? layers.value + 1 : 0;
  const offered = layerList.value ?? Array.from({ length: count }, (_, layer) => layer);
  return (
    <Choice
      label="layer"
      options={offered.map((layer) => [String(layer), String(layer)])}
      value={String(store.settings.layer.value)}
      choose={(layer) => store.change({ layer: Number(layer) })}
    />
  );
}

function BaselineChoice({ store }: { store: Store }) {
  const baselines = store.choices.baselines.value;
  const { baseline, references } = store.settings;
  return (
    <>
      <Choice
        label="baseline"
        options={baselines.map((name) => [name, name])}
        value={baseline.value}
        choose={(name) => store.change({ baseline: name })}
      />
      {store.choices.live.value && baseline.value === "corpus" && (
        <Slider
          label="references"
          value={references.value}
          range={[2, Math.max(MOST_REFERENCES, references.value)]}
          choose={(count) => store.change({ references: count })}
        />
      )}
    </>
  );
}

function LiveRule({ store }: { store: Store }) {
  const { rule, steps, tolerance } = store.settings;
  const tolerances = [...new Set([...TOLERANCES, tolerance.value])].sort((one, two) => two - one);
  return (
    <>
      <Choice
        label="rule"
        options={RULES.map((name) => [name, RULE_NAMES[name]])}
        value={rule.value}
        choose={(name) => store.change({ rule: name as Rule })}
      />
      {rule.value === "adaptive" ? (
        <Choice
          label="tolerance"
          options={tolerances.map((value) => [String(value), String(value)])}
          value={String(tolerance.value)}
          choose={(value) => store.change({ tolerance: Number(value) })}
        />
      ) : (
        <Slider
          label="steps"
          value={steps.value}
          range={[2, Math.max(MOST_STEPS, steps.value)]}
          choose={(count) => store.change({ steps: count })}
        />
      )}
    </>
  );
}

/** A page holds some step counts; the slider moves between them. */
function SavedSteps({ store }: { store: Store }) {
  const counts = store.choices.steps.value ?? [];
  if (counts.length < 2) return null;
  const steps = store.settings.steps.value;
  const place = Math.max(0, counts.indexOf(steps));
  return (
    <Slider
      label="steps"
      value={place}
      shown={steps}
      range={[0, counts.length - 1]}
      choose={(index) => store.change({ steps: counts[index] ?? steps })}
    />
  );
}

interface ChoiceProps {
  label: string;
  options: [string, string][];
  value: string;
  choose(value: string): void;
}

/** One of several values, or plain text where there is nothing to choose. */
export function Choice({ label, options, value, choose }: ChoiceProps) {
  const all = options.some(([option]) => option === value)
    ? options
    : [...options, [value, value] as [string, string]];
  if (all.length < 2) {
    return (
      <span class="sv-control">
        <span class="sv-name">{label}</span> {named(value)}
      </span>
    );
  }
  return (
    <label class="sv-control">
      <span class="sv-name">{label}</span>
      <select
        class="sv-select"
        value={value}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {all.map(([option, name]) => (
          <option key={option} value={option}>
            {named(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A name as a label; nothing where there is none. */
export function named(name: string): string {
  return name && printed(name);
}

interface SliderProps {
  label: string;
  value: number;
  shown?: number;
  range: [number, number];
  choose(value: number): void;
}

function Slider({ label, value, shown = value, range, choose }: SliderProps) {
  return (
    <label class="sv-control">
      <span class="sv-name">{label}</span>
      <input
        type="range"
        min={range[0]}
        max={range[1]}
        value={value}
        aria-valuetext={String(shown)}
        onInput={(event) => choose(event.currentTarget.valueAsNumber)}
      />
      <output class="sv-value">{shown}</output>
    </label>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  options: [T, string][];
  value: T;
  choose(value: T): void;
}

/** One of a few, all of them in sight. */
export function Segments<T extends string>({ label, options, value, choose }: SegmentsProps<T>) {
  const [name] = useState(() => `siamviz-${Math.random().toString(36).slice(2)}`);
  return (
    <div class="sv-segments" role="radiogroup" aria-label={label}>
      {options.map(([option, text]) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            checked={option === value}
            onChange={() => choose(option)}
          />
          <span>{text}</span>
        </label>
      ))}
    </div>
  );
}

/** A setting that is on or off. */
export function Toggle(props: {
  checked: boolean;
  disabled?: boolean;
  set(on: boolean): void;
  children: ComponentChildren;
}) {
  return (
    <label class="sv-toggle">
      <input
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        onChange={(event) => props.set(event.currentTarget.checked)}
      />
      <span>{props.children}</span>
    </label>
  );
}
