import { useSignal } from "@preact/signals";
import { visible } from "../text";
import type { Slide } from "./data";
import type { Change, Talk } from "./deck";

/** Characters, as Python allows them. */
const LONGEST = 2000;

interface OrganiserProps {
  talk: Talk;
  ask(change: Change): void;
  trouble: string;
  present(place: number): void;
}

/** The slides in a list: to order, to say something about, to take away. */
export function Organiser({ talk, ask, trouble, present }: OrganiserProps) {
  const { slides, title, undoable } = talk.deck.value;
  return (
    <div class="st-organiser" data-lm-suppress-shortcuts="true">
      <div class="st-head">
        <input
          class="st-name"
          aria-label="Title of the story"
          placeholder="Title"
          maxLength={LONGEST}
          value={title}
          onChange={(event) => ask({ kind: "rename", title: event.currentTarget.value })}
        />
        <button type="button" disabled={!undoable} onClick={() => ask({ kind: "undo" })}>
          Undo
        </button>
        <button
          type="button"
          class="st-main"
          disabled={slides.length === 0}
          onClick={() => present(0)}
        >
          Present
        </button>
      </div>
      <p role="alert" class="st-trouble">
        {visible(trouble)}
      </p>
      {slides.length === 0 && (
        <p class="st-empty">
          No slides yet. Add one with the button “Add to story” of a view, or with{" "}
          <code>story.add(view, caption="…")</code>.
        </p>
      )}
      <ol class="st-list">
        {slides.map((slide, index) => (
          <Entry
            key={slide.key}
            slide={slide}
            number={index + 1}
            count={slides.length}
            ask={ask}
            present={() => present(index)}
          />
        ))}
      </ol>
    </div>
  );
}

interface EntryProps {
  slide: Slide;
  number: number;
  count: number;
  ask(change: Change): void;
  present(): void;
}

function Entry({ slide, number, count, ask, present }: EntryProps) {
  const opened = useSignal(false);
  const open = opened.value || slide.notes !== "";
  const move = (to: number) => ask({ kind: "move", number, to });
  return (
    <li>
      <button
        type="button"
        class="st-go"
        aria-label={`Present from slide ${number}`}
        onClick={present}
      >
        {number}
      </button>
      <div class="st-said">
        <textarea
          rows={1}
          maxLength={LONGEST}
          aria-label={`Caption of slide ${number}`}
          placeholder="Caption: *emphasis*, **strong**, [link](https://…)"
          value={slide.source}
          onChange={(event) => ask({ kind: "edit", number, caption: event.currentTarget.value })}
        />
        <p>
          {visible(slide.name)}{" "}
          {!open && (
            <button type="button" class="st-link" onClick={() => (opened.value = true)}>
              Add notes
            </button>
          )}
        </p>
        {open && (
          <textarea
            rows={2}
            maxLength={LONGEST}
            aria-label={`Notes of slide ${number}`}
            placeholder="Notes, for you alone"
            value={slide.notes}
            onChange={(event) => ask({ kind: "edit", number, notes: event.currentTarget.value })}
          />
        )}
      </div>
      <div class="st-tools">
        <button
          type="button"
          aria-label={`Move slide ${number} up`}
          disabled={number === 1}
          onClick={() => move(number - 1)}
        >
          ↑
        </button>
        <button
          type="button"
          aria-label={`Move slide ${number} down`}
          disabled={number === count}
          onClick={() => move(number + 1)}
        >
          ↓
        </button>
        <button
          type="button"
          aria-label={`Remove slide ${number}`}
          onClick={() => ask({ kind: "remove", number })}
        >
          ✕
        </button>
      </div>
    </li>
  );
}
